# One page: the four golden signals, then how runs go, then what we depend on.

locals {
  all_services = "${local.revision} resource.labels.service_name=starts_with(\"chainfolio-\")"
  by_service   = ["resource.label.service_name"]

  charts = [
    {
      title  = "Latency: 99th percentile, in milliseconds"
      filter = "${local.at_once} metric.type=\"run.googleapis.com/request_latencies\""
      align  = "ALIGN_PERCENTILE_99", reduce = "REDUCE_MAX", by = local.by_service
    },
    {
      title  = "Traffic: requests a second"
      filter = "${local.all_services} metric.type=\"run.googleapis.com/request_count\""
      align  = "ALIGN_RATE", reduce = "REDUCE_SUM", by = local.by_service
    },
    {
      title  = "Errors: answers a second, by class, without the good ones"
      filter = "${local.all_services} metric.type=\"run.googleapis.com/request_count\" metric.labels.response_code_class!=\"2xx\""
      align  = "ALIGN_RATE", reduce = "REDUCE_SUM", by = ["resource.label.service_name", "metric.label.response_code_class"]
    },
    {
      title  = "Saturation: memory, 99th percentile of what there is"
      filter = "${local.all_services} metric.type=\"run.googleapis.com/container/memory/utilizations\""
      align  = "ALIGN_PERCENTILE_99", reduce = "REDUCE_MAX", by = local.by_service
    },
    {
      title  = "Saturation: instances"
      filter = "${local.all_services} metric.type=\"run.googleapis.com/container/instance_count\""
      align  = "ALIGN_MAX", reduce = "REDUCE_SUM", by = local.by_service
    },
    {
      title  = "Unexpected errors"
      filter = "${local.revision} ${local.counted.unexpected_errors}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = local.by_service
    },
    {
      title  = "Runs finished"
      filter = "${local.revision} ${local.counted.runs_finished}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = []
    },
    {
      title  = "Run progress: parts, by what became of them"
      filter = "${local.revision} ${local.counted.parts}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = ["metric.label.state"]
    },
    {
      title  = "Run progress: groups finished"
      filter = "${local.revision} ${local.counted.groups_finished}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = []
    },
    {
      title  = "Run progress: messages that wait"
      filter = "${local.push_subscription} metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", by = ["resource.label.subscription_id"]
    },
    {
      title  = "Dead letters"
      filter = "resource.type=\"pubsub_subscription\" resource.labels.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\" metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
      align  = "ALIGN_MAX", reduce = "REDUCE_MAX", by = []
    },
    {
      title  = "Messages discarded by functions"
      filter = "${local.revision} ${local.counted.messages_discarded}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = local.by_service
    },
    {
      title  = "Chains that could not be read"
      filter = "${local.revision} ${local.counted.chains_unread}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = ["metric.label.chain"]
    },
    {
      title  = "Price sources that failed"
      filter = "${local.revision} ${local.counted.price_failures}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = ["metric.label.source"]
    },
    {
      title  = "Scheduled calls that failed"
      filter = "resource.type=\"cloud_scheduler_job\" ${local.counted.schedule_failures}"
      align  = "ALIGN_SUM", reduce = "REDUCE_SUM", by = ["resource.label.job_id"]
    },
  ]
}

resource "google_monitoring_dashboard" "overview" {
  project = local.project

  dashboard_json = jsonencode({
    displayName = "chainfolio"
    gridLayout = {
      columns = "3"
      widgets = [
        for chart in local.charts : {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "300s"
                    perSeriesAligner   = chart.align
                    crossSeriesReducer = chart.reduce
                    groupByFields      = chart.by
                  }
                }
              }
            }]
          }
        }
      ]
    }
  })
}
