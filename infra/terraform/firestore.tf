# The database, and what firestore.indexes.json says of its indexes: the stores' tests read the same file.

locals {
  indexes = jsondecode(file("${path.module}/firestore.indexes.json"))
}

resource "google_firestore_database" "main" {
  project     = local.project
  name        = "(default)"
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"

  # It costs what a week's old versions take to store: next to nothing for one developer.
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  # What users recorded is never deleted by Terraform: README.md says how a person does it.
  delete_protection_state = "DELETE_PROTECTION_ENABLED"
  deletion_policy         = "ABANDON"
}

resource "google_firestore_backup_schedule" "daily" {
  count = var.production ? 1 : 0

  project   = local.project
  database  = google_firestore_database.main.name
  retention = "604800s"

  daily_recurrence {}
}

resource "google_firestore_index" "composite" {
  for_each = {
    for index in local.indexes.indexes :
    join(" ", concat([index.collectionGroup], [for field in index.fields : "${field.fieldPath}:${field.order}"])) => index
  }

  project     = local.project
  database    = google_firestore_database.main.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.fieldPath
      order      = fields.value.order
    }
  }
}

resource "google_firestore_field" "override" {
  for_each = { for field in local.indexes.fieldOverrides : "${field.collectionGroup} ${field.fieldPath}" => field }

  project    = local.project
  database   = google_firestore_database.main.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # The indexes of one field; an empty block switches them off.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes
      content {
        order       = indexes.value.order
        query_scope = indexes.value.queryScope
      }
    }
  }

  dynamic "ttl_config" {
    for_each = try(each.value.ttl, false) ? ["on"] : []
    content {}
  }
}
