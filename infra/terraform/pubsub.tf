# The bus: topics by the names that the functions know, pushed to the functions that act on their messages.

locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  # Topic → function, and where it listens.
  pushed = {
    fetch-balances = { function = "fetch_balances", path = "/triggers/fetch-balances" }
    snapshot       = { function = "snapshot", path = "/triggers/snapshot" }
  }
}

resource "google_service_account" "push" {
  project      = local.project
  account_id   = "chainfolio-push"
  display_name = "chainfolio: Pub/Sub, when it pushes messages"
}

resource "google_pubsub_topic" "bus" {
  for_each = toset(concat(keys(local.pushed), ["dead-letters"]))
  #checkov:skip=CKV_GCP_83:Google's own keys encrypt it; a message names public addresses and ids

  project = local.project
  name    = "chainfolio-${each.key}"
  labels  = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

resource "google_pubsub_subscription" "push" {
  for_each = local.pushed

  project = local.project
  name    = "chainfolio-${each.key}"
  topic   = google_pubsub_topic.bus[each.key].id
  labels  = local.labels

  # The longest that there is; the function's time-out is the same.
  ack_deadline_seconds = 600
  # A run is closed long before.
  message_retention_duration = "86400s"

  push_config {
    push_endpoint = "${module.function[each.value.function].url}${each.value.path}"

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = module.function[each.value.function].url
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.bus["dead-letters"].id
    max_delivery_attempts = 20
  }

  # Never, however quiet it is.
  expiration_policy {
    ttl = ""
  }
}

# Dead letters lie here until somebody looks; without a subscription they would be gone.
resource "google_pubsub_subscription" "dead_letters" {
  project = local.project
  name    = "chainfolio-dead-letters"
  topic   = google_pubsub_topic.bus["dead-letters"].id
  labels  = local.labels

  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves what nobody acknowledged to the dead letters.
resource "google_pubsub_topic_iam_member" "agent_publishes_dead_letters" {
  project = local.project
  topic   = google_pubsub_topic.bus["dead-letters"].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "agent_takes_dead_letters" {
  for_each = google_pubsub_subscription.push

  project      = local.project
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# It signs as the account that pushes.
resource "google_service_account_iam_member" "agent_signs_as_push" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
