# What a function is built from, with what, and where the result is kept.

locals {
  build = {
    account    = google_service_account.build.id
    bucket     = google_storage_bucket.bundles.name
    repository = google_artifact_registry_repository.images.id
  }
}

resource "google_storage_bucket" "bundles" {
  #checkov:skip=CKV_GCP_62:who reads a bundle is in the audit logs; a second bucket of access logs costs more than all bundles
  #checkov:skip=CKV_GCP_78:a bundle's name holds its hash, so that no object is ever written twice
  project                     = local.project
  name                        = "${var.project_id}-chainfolio-bundles"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  # Bundles are made again by a command.
  force_destroy = true
}

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:Google's own keys encrypt it; the code in it is public
  project       = local.project
  location      = var.region
  repository_id = "chainfolio"
  description   = "What functions are built into."
  format        = "DOCKER"
  labels        = local.labels

  cleanup_policies {
    id     = "keep-what-a-rollback-needs"
    action = "KEEP"
    most_recent_versions {
      keep_count = 3
    }
  }
  cleanup_policies {
    id     = "delete-the-rest"
    action = "DELETE"
    condition {
      older_than = "604800s"
    }
  }
}

resource "google_service_account" "build" {
  project      = local.project
  account_id   = "chainfolio-build"
  display_name = "chainfolio: builds functions"
}

# Cloud Functions copies a bundle into a bucket of its own, and builds from there. This account reads that one only: not
# the archive.
resource "google_project_iam_member" "build_reads_sources" {
  project = local.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title      = "sources of functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
  }
}

resource "google_storage_bucket_iam_member" "build_reads_bundles" {
  bucket = google_storage_bucket.bundles.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_writes_images" {
  project    = local.project
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_writes_logs" {
  project = local.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}
