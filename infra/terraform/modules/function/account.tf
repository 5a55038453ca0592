# The account that the function runs as, and all that it may do.

resource "google_service_account" "function" {
  project      = var.project
  account_id   = local.id
  display_name = "chainfolio: function ${var.name}"
}

resource "google_project_iam_member" "firestore" {
  for_each = toset(var.function.firestore == null ? [] : [var.function.firestore])

  project = var.project
  role    = { read = "roles/datastore.viewer", write = "roles/datastore.user" }[each.key]
  member  = google_service_account.function.member
}

# Traces are sent to a project's own quota, which takes a role of its own.
resource "google_project_iam_member" "traces" {
  for_each = toset(["roles/telemetry.tracesWriter", "roles/serviceusage.serviceUsageConsumer"])

  project = var.project
  role    = each.key
  member  = google_service_account.function.member
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.topics

  project = var.project
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function.member
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = var.secrets

  project   = var.project
  secret_id = each.key
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.function.member
}
