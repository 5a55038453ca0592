locals {
  # Everything about a function that is not the same for all; its name is that of its folder and of its entry point.
  #
  #   paths       what of the public address it answers; none for those that only Google Cloud itself calls
  #   callers     who else may call it: "push" (Pub/Sub) or "scheduler"; without any, everybody may
  #   reads       "chains" or "prices", whose secrets it is given
  #   firestore   "read" or "write"
  #   publishes   topics that it sends messages to
  #   archives    whether it writes to the archive
  #   warm        whether an instance is kept in production
  #   max         instances at most, a fifth of it outside of production
  functions = {
    portfolio = {
      paths     = ["/api/v1/portfolio"]
      reads     = ["chains", "prices"]
      firestore = "write"
      warm      = true
      max       = 50
    }
    pnl = {
      paths     = ["/api/v1/portfolio/pnl"]
      reads     = ["chains", "prices"]
      firestore = "write"
      memory    = "1Gi"
      max       = 20
    }
    history = {
      paths     = ["/api/v1/portfolio/history"]
      firestore = "read"
      max       = 20
    }
    trades = {
      paths     = ["/api/v1/trades", "/api/v1/trades/*"]
      reads     = ["chains"]
      firestore = "write"
      memory    = "1Gi"
      # A file of 32 MiB takes some 250 MB while it is read. It may take five minutes to come, and as many to be kept.
      concurrency = 4
      timeout     = 600
      max         = 50
    }
    wallets = {
      paths     = ["/api/v1/wallets", "/api/v1/wallets/*"]
      reads     = ["chains"]
      firestore = "write"
      max       = 20
    }
    runs = {
      paths     = ["/api/v1/snapshots", "/api/v1/runs/*"]
      reads     = ["prices"]
      firestore = "write"
      publishes = ["snapshot", "fetch-balances"]
      max       = 20
    }
    snapshot = {
      callers   = ["push", "scheduler"]
      reads     = ["prices"]
      firestore = "write"
      publishes = ["snapshot", "fetch-balances", "dead-letters"]
      # The plan of 3,000,000 users takes 750 MB, so that an instance makes one at a time.
      memory      = "2Gi"
      concurrency = 1
      timeout     = 600
      max         = 10
    }
    balances = {
      paths     = ["/v2/balances", "/api/v1/stream"]
      reads     = ["chains", "prices"]
      firestore = "write"
      memory    = "1Gi"
      # A stream waits nearly all of its hour.
      concurrency = 500
      timeout     = 3600
      warm        = true
      max         = 50
    }
    me = {
      paths     = ["/api/v1/me", "/api/v1/me/*"]
      firestore = "write"
      timeout   = 300
      max       = 10
    }
    session = {
      paths     = ["/api/v1/session", "/api/v1/session/*"]
      reads     = ["chains"]
      firestore = "write"
      max       = 10
    }
    archive = {
      callers   = ["scheduler"]
      firestore = "read"
      publishes = ["dead-letters"]
      archives  = true
      memory    = "1Gi"
      # It stops after eight minutes, and goes on when Cloud Scheduler calls again.
      concurrency = 1
      timeout     = 600
      max         = 5
    }
    fetch_balances = {
      callers     = ["push"]
      reads       = ["chains", "prices"]
      firestore   = "write"
      publishes   = ["fetch-balances", "dead-letters"]
      memory      = "1Gi"
      concurrency = 8
      timeout     = 600
      max         = 100
    }
  }

  public_functions = { for name, function in local.functions : name => function if !can(function.callers) }
  callers = {
    push      = google_service_account.push.member
    scheduler = google_service_account.scheduler.member
    smoke     = google_service_account.smoke.member
  }
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name     = each.key
  function = each.value
  project  = local.project
  region   = var.region
  bundle   = "${path.module}/.bundles/${each.key}"
  build    = local.build
  labels   = local.labels

  warm    = var.production && try(each.value.warm, false)
  max     = var.production ? each.value.max : ceil(each.value.max / 5)
  ingress = can(each.value.callers) ? "ALLOW_INTERNAL_ONLY" : var.domain == "" ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB"
  callers = { for caller in try(concat(each.value.callers, ["smoke"]), []) : caller => local.callers[caller] }
  serve   = !contains(var.held, each.key)
  settings = merge(
    { for name, value in var.settings : name => value if !can(each.value.callers) || name != "SIWE_DOMAINS" },
    local.fixed_settings,
    # A load balancer writes down whom it saw, and then itself; around it nobody comes but from inside the project.
    { TRUSTED_HOPS = can(local.balanced[each.key]) ? "2" : "1" },
    try(each.value.archives, false) ? local.archive_setting : {},
  )
  secrets = merge([
    for what in concat(
      try(each.value.reads, []),
      can(each.value.callers) ? [] : ["sessions"],
      try(each.value.archives, false) ? ["archives"] : [],
    ) : local.secrets[what]
  ]...)
  topics = { for topic in try(each.value.publishes, []) : topic => google_pubsub_topic.bus[topic].id }

  depends_on = [
    google_artifact_registry_repository_iam_member.build_writes_images,
    google_project_iam_member.build_reads_sources,
    google_project_iam_member.build_writes_logs,
    google_secret_manager_secret.setting,
    google_storage_bucket_iam_member.build_reads_bundles,
  ]
}
