# What a wrong variable gets: it is refused before anything is asked of Google.

mock_provider "google" {}

variables {
  project_id = "demo-project"
}

run "needs_nothing_but_a_project" {
  command = plan

  assert {
    condition     = length(google_compute_global_address.public) == 0
    error_message = "A small deployment has no load balancer."
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.alert : strcontains(policy.documentation[0].content, "RUNBOOK.md")])
    error_message = "An alert says where it is told what to do."
  }
}

run "refuses_what_is_not_what_its_name_says" {
  command = plan

  variables {
    project_id         = "Demo Project"
    region             = "somewhere"
    firestore_location = "us"
    domain             = "https://api.example.com"
    snapshot_schedule  = "hourly"
    archive_schedule   = "daily"
    archive_days       = 401
    alert_emails       = ["on-call"]
    billing_account    = "mine"
    monthly_budget     = 0.5
    held               = ["trade"]
    # A version is a whole number.
    secrets = { ETH_RPC_URL = 1.5 }
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.firestore_location,
    var.domain,
    var.snapshot_schedule,
    var.archive_schedule,
    var.archive_days,
    var.alert_emails,
    var.billing_account,
    var.monthly_budget,
    var.held,
    var.secrets,
  ]
}

run "refuses_more_addresses_than_a_budget_can_tell" {
  command = plan

  variables {
    alert_emails = ["a@example.com", "b@example.com", "c@example.com", "d@example.com", "e@example.com", "f@example.com"]
  }

  expect_failures = [var.alert_emails]
}

run "refuses_to_switch_off_that_callers_say_who_they_are" {
  command = plan

  variables {
    settings = { AUTH_MODE = "local" }
  }

  expect_failures = [var.settings]
}

run "refuses_sessions_without_the_key_that_signs_them" {
  command = plan

  variables {
    settings = { SIWE_DOMAINS = "app.example.com" }
  }

  expect_failures = [var.settings]
}

run "refuses_production_without_what_it_needs_and_secrets_that_nobody_reads" {
  command = plan

  variables {
    production = true
    secrets    = { DATABASE_PASSWORD = 1 }
  }

  expect_failures = [var.production, var.secrets]
}
