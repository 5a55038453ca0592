# Where archives of trades, snapshots and reports are kept. The project's own bucket is there even where `archive` names
# another place: what it has is not deleted by a change of mind, and an empty one costs nothing.

locals {
  own_archive     = var.archive == null
  archive_setting = { ARCHIVE = local.own_archive ? "gs://${google_storage_bucket.archive.name}/chainfolio" : var.archive }
}

resource "google_storage_bucket" "archive" {
  #checkov:skip=CKV_GCP_62:one function writes here and nobody else; what it does is in the audit logs
  project                     = local.project
  name                        = "${var.project_id}-chainfolio-archive"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # A bucket that has anything is not deleted with the rest.
  force_destroy = false

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      age = 30
    }
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
  }

  # Nothing is kept for ever: an erased user is in archives that were written before.
  lifecycle_rule {
    condition {
      age = var.archive_days
    }
    action {
      type = "Delete"
    }
  }

  # What was deleted on purpose, a user's request for one, is gone a month later.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
    }
    action {
      type = "Delete"
    }
  }
}

# It adds objects and reads what is there; it cannot change or delete any.
resource "google_storage_bucket_iam_member" "archive" {
  for_each = {
    for pair in setproduct(
      [for name, function in local.functions : name if local.own_archive && try(function.archives, false)],
      ["roles/storage.objectCreator", "roles/storage.objectViewer"],
    ) : join(" ", pair) => { function = pair[0], role = pair[1] }
  }

  bucket = google_storage_bucket.archive.name
  role   = each.value.role
  member = module.function[each.value.function].account
}
