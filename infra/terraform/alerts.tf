# When a person is told. Each alert has its paragraph in RUNBOOK.md, under its name.

locals {
  counted  = { for name, metric in google_logging_metric.count : name => "metric.type=\"logging.googleapis.com/user/${metric.name}\"" }
  revision = "resource.type=\"cloud_run_revision\""
  # Triggered functions say 503 for "later", and streams stay open; neither is slow or broken.
  public_services   = join(", ", [for name in keys(local.public_functions) : "\"${module.function[name].id}\""])
  answering         = "${local.revision} resource.labels.service_name=one_of(${local.public_services})"
  at_once           = "${local.answering} resource.labels.service_name!=\"chainfolio-balances\""
  push_subscription = "resource.type=\"pubsub_subscription\" resource.labels.subscription_id=one_of(${join(", ", [for s in google_pubsub_subscription.push : "\"${s.name}\""])})"

  alerts = {
    uptime = {
      about     = "The API does not answer from outside."
      severity  = "CRITICAL"
      filter    = "resource.type=\"uptime_url\" metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" metric.labels.check_id=\"${google_monitoring_uptime_check_config.api.uptime_check_id}\""
      align     = "ALIGN_FRACTION_TRUE"
      reduce    = "REDUCE_MEAN"
      period    = var.production ? 300 : 2700
      below     = true
      threshold = 0.5
    }
    errors = {
      about       = "More than 5 % of answers say that something went wrong with us."
      severity    = "CRITICAL"
      filter      = "${local.answering} metric.type=\"run.googleapis.com/request_count\" metric.labels.response_code_class=\"5xx\""
      denominator = "${local.answering} metric.type=\"run.googleapis.com/request_count\""
      align       = "ALIGN_SUM"
      reduce      = "REDUCE_SUM"
      by          = ["resource.label.service_name"]
      period      = 600
      threshold   = 0.05
    }
    latency = {
      about     = "One answer in a hundred takes longer than the 15 seconds that are promised."
      severity  = "ERROR"
      filter    = "${local.at_once} metric.type=\"run.googleapis.com/request_latencies\""
      align     = "ALIGN_PERCENTILE_99"
      reduce    = "REDUCE_MAX"
      by        = ["resource.label.service_name"]
      period    = 600
      threshold = 15000
    }
    saturation = {
      about     = "A function uses more than 90 % of its memory."
      severity  = "ERROR"
      filter    = "${local.revision} resource.labels.service_name=starts_with(\"chainfolio-\") metric.type=\"run.googleapis.com/container/memory/utilizations\""
      align     = "ALIGN_PERCENTILE_99"
      reduce    = "REDUCE_MAX"
      by        = ["resource.label.service_name"]
      period    = 900
      threshold = 0.9
    }
    unexpected_errors = {
      about     = "Something happened that nobody had foreseen."
      severity  = "ERROR"
      filter    = "${local.revision} ${local.counted.unexpected_errors}"
      align     = "ALIGN_SUM"
      reduce    = "REDUCE_SUM"
      by        = ["resource.label.service_name"]
      period    = 600
      threshold = 0
    }
    dead_letters = {
      about     = "A message was given up and waits for somebody to look at it."
      severity  = "ERROR"
      filter    = "resource.type=\"pubsub_subscription\" resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      align     = "ALIGN_MAX"
      reduce    = "REDUCE_MAX"
      period    = 300
      threshold = 0
    }
    backlog = {
      about     = "A message of a snapshot run has waited for more than half an hour."
      severity  = "WARNING"
      filter    = "${local.push_subscription} metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      align     = "ALIGN_MAX"
      reduce    = "REDUCE_MAX"
      by        = ["resource.label.subscription_id"]
      period    = 300
      threshold = 1800
    }
    schedule = {
      about     = "Cloud Scheduler's calls fail, and so do their repetitions."
      severity  = "CRITICAL"
      filter    = "resource.type=\"cloud_scheduler_job\" ${local.counted.schedule_failures}"
      align     = "ALIGN_SUM"
      reduce    = "REDUCE_SUM"
      by        = ["resource.label.job_id"]
      period    = 3600
      threshold = 5
    }
    parts = {
      about     = "Snapshots are incomplete: parts of a run were given up."
      severity  = "WARNING"
      filter    = "${local.revision} ${local.counted.parts} metric.labels.state=\"failed\""
      align     = "ALIGN_SUM"
      reduce    = "REDUCE_SUM"
      by        = ["metric.label.chain"]
      period    = 3600
      threshold = 3
    }
    chains = {
      about     = "A chain can hardly be read: all of its endpoints fail."
      severity  = "WARNING"
      filter    = "${local.revision} ${local.counted.chains_unread}"
      align     = "ALIGN_SUM"
      reduce    = "REDUCE_SUM"
      by        = ["metric.label.chain"]
      period    = 600
      threshold = 20
    }
    prices = {
      about     = "A price source fails again and again."
      severity  = "WARNING"
      filter    = "${local.revision} ${local.counted.price_failures}"
      align     = "ALIGN_SUM"
      reduce    = "REDUCE_SUM"
      by        = ["metric.label.source"]
      period    = 600
      threshold = 20
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = local.project
  display_name = "chainfolio: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }

  # It goes when no alert uses it any more; so does an uptime check, whose host cannot be changed.
  lifecycle {
    create_before_destroy = true
  }
}

# Not /healthz: Cloud Run keeps some paths that end with z for itself
# (https://cloud.google.com/run/docs/known-issues).
resource "google_monitoring_uptime_check_config" "api" {
  project      = local.project
  display_name = "chainfolio: the API answers"
  timeout      = "30s"
  # Seldom where every check may have to start an instance.
  period           = var.production ? "60s" : "900s"
  selected_regions = ["USA", "EUROPE", "ASIA_PACIFIC"]

  http_check {
    path         = "/openapi.json"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  content_matchers {
    content = "\"openapi\""
    matcher = "CONTAINS_STRING"
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = var.domain == "" ? trimprefix(module.function["portfolio"].url, "https://") : var.domain
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  project               = local.project
  display_name          = "chainfolio: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  user_labels           = merge(local.labels, { alert = each.key })
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  documentation {
    subject   = "chainfolio: ${each.value.about}"
    content   = "${each.value.about} What to do: infra/terraform/RUNBOOK.md, \"${each.key}\"."
    mime_type = "text/markdown"
  }

  conditions {
    display_name = each.value.about

    condition_threshold {
      filter             = each.value.filter
      denominator_filter = try(each.value.denominator, null)
      comparison         = try(each.value.below, false) ? "COMPARISON_LT" : "COMPARISON_GT"
      threshold_value    = each.value.threshold
      duration           = "0s"

      aggregations {
        alignment_period     = "${each.value.period}s"
        per_series_aligner   = each.value.align
        cross_series_reducer = each.value.reduce
        group_by_fields      = try(each.value.by, [])
      }

      dynamic "denominator_aggregations" {
        for_each = can(each.value.denominator) ? ["on"] : []
        content {
          alignment_period     = "${each.value.period}s"
          per_series_aligner   = each.value.align
          cross_series_reducer = each.value.reduce
          group_by_fields      = try(each.value.by, [])
        }
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }
}
