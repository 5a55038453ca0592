# What happens by the clock. Calls are plain HTTP: the header that names their time makes a repeated call the same run.

locals {
  jobs = {
    snapshot = {
      about    = "A snapshot of all saved wallets."
      schedule = var.snapshot_schedule
      function = "snapshot"
      path     = "/triggers/snapshot"
      body     = {}
    }
    sweep = {
      about    = "Closes runs that are overdue."
      schedule = "*/5 * * * *"
      function = "snapshot"
      path     = "/triggers/snapshot"
      body     = { sweep = true }
    }
    archive = {
      about    = "Writes trades, snapshots and reports to the archive."
      schedule = var.archive_schedule
      function = "archive"
      path     = "/triggers/archive"
      body     = {}
    }
  }
}

resource "google_service_account" "scheduler" {
  project      = local.project
  account_id   = "chainfolio-scheduler"
  display_name = "chainfolio: Cloud Scheduler, when it calls functions"
}

resource "google_cloud_scheduler_job" "call" {
  for_each = local.jobs

  project          = local.project
  region           = var.region
  name             = "chainfolio-${each.key}"
  description      = each.value.about
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "${module.function[each.value.function].timeout}s"

  http_target {
    http_method = "POST"
    uri         = "${module.function[each.value.function].url}${each.value.path}"
    body        = base64encode(jsonencode(each.value.body))
    headers     = { "Content-Type" = "application/json" }

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = module.function[each.value.function].url
    }
  }

  retry_config {
    retry_count          = 5
    min_backoff_duration = "10s"
    max_backoff_duration = "300s"
  }
}
