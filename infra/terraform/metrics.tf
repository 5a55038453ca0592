# What Cloud Run's own metrics do not tell is counted from the lines that the functions log.

locals {
  # What the functions themselves write. Cloud Run writes a line for every answer, too, and says ERROR of each 503, which
  # is how a function says "later"; whoever changes a function is in its audit logs.
  own_lines = "resource.type=\"cloud_run_revision\" resource.labels.service_name=~\"^chainfolio-\" logName=\"projects/${var.project_id}/logs/run.googleapis.com%2Fstderr\""

  log_metrics = {
    parts = {
      about  = "Deliveries of parts of snapshot runs, by what became of them."
      filter = "${local.own_lines} jsonPayload.logger=\"shared.services.runs_part\" jsonPayload.state:*"
      labels = { chain = "jsonPayload.chain", state = "jsonPayload.state" }
    }
    groups_finished = {
      about  = "Groups of wallets whose users' snapshots were made."
      filter = "${local.own_lines} jsonPayload.message=\"group finished\""
      labels = {}
    }
    runs_finished = {
      about  = "Snapshot runs that came to their end."
      filter = "${local.own_lines} jsonPayload.message=\"run finished\""
      labels = {}
    }
    messages_discarded = {
      about  = "Messages that nobody could act on."
      filter = "${local.own_lines} jsonPayload.logger=\"shared.bus.dead_letters\""
      labels = {}
    }
    chains_unread = {
      about  = "Reads of a chain that all of its endpoints failed."
      filter = "${local.own_lines} jsonPayload.message=\"chain could not be read\""
      labels = { chain = "jsonPayload.chain", code = "jsonPayload.code" }
    }
    price_failures = {
      about  = "Requests to a price source that failed."
      filter = "${local.own_lines} jsonPayload.message=\"price source failed\""
      labels = { source = "jsonPayload.source" }
    }
    unexpected_errors = {
      about = "Lines that say that something went wrong which nobody had foreseen."
      # Our lines name their logger; the server's own, and what breaks off a start, are text without a severity.
      filter = "${local.own_lines} ((jsonPayload.logger:* severity>=ERROR) OR textPayload:\"Traceback (most recent call last)\" OR textPayload:\"] [ERROR] \" OR textPayload:\"] [CRITICAL] \")"
      labels = {}
    }
    schedule_failures = {
      about  = "Calls of Cloud Scheduler that were not answered well."
      filter = "resource.type=\"cloud_scheduler_job\" resource.labels.job_id=~\"^chainfolio-\" logName=\"projects/${var.project_id}/logs/cloudscheduler.googleapis.com%2Fexecutions\" severity>=ERROR"
      labels = {}
    }
  }
}

resource "google_logging_metric" "count" {
  for_each = local.log_metrics

  project     = local.project
  name        = "chainfolio_${each.key}"
  description = each.value.about
  filter      = each.value.filter

  label_extractors = { for label, field in each.value.labels : label => "EXTRACT(${field})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key = labels.key
      }
    }
  }
}
