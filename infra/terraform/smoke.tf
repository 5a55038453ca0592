# How a release asks new revisions whether they answer: a workflow does, because it reaches what only the project itself
# may call.

resource "google_service_account" "smoke" {
  project      = local.project
  account_id   = "chainfolio-smoke"
  display_name = "chainfolio: asks new revisions whether they answer"
}

resource "google_workflows_workflow" "smoke" {
  project             = local.project
  region              = var.region
  name                = "chainfolio-smoke"
  description         = "Asks a new revision of a function what it does, and whether it refuses strangers."
  labels              = local.labels
  service_account     = google_service_account.smoke.id
  call_log_level      = "LOG_ERRORS_ONLY"
  source_contents     = file("${path.module}/smoke.yaml")
  deletion_protection = false
}
