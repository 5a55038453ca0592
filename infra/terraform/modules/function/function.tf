locals {
  # Names of functions and accounts have no underscores.
  id = "chainfolio-${replace(var.name, "_", "-")}"
}

resource "google_cloudfunctions2_function" "this" {
  #checkov:skip=CKV_GCP_124:what everybody may call tells its callers apart itself, with or without a load balancer before it
  project  = var.project
  location = var.region
  name     = local.id
  labels   = var.labels

  build_config {
    runtime           = "python314"
    entry_point       = var.name
    service_account   = var.build.account
    docker_repository = var.build.repository

    source {
      storage_source {
        bucket = google_storage_bucket_object.bundle.bucket
        object = google_storage_bucket_object.bundle.name
      }
    }
  }

  service_config {
    available_memory                 = var.function.memory
    available_cpu                    = var.function.cpu
    max_instance_request_concurrency = var.function.concurrency
    timeout_seconds                  = var.function.timeout
    min_instance_count               = var.warm ? 1 : 0
    max_instance_count               = var.max
    ingress_settings                 = var.ingress
    service_account_email            = google_service_account.function.email
    # Google answers true while all traffic follows the latest revision, so that false, where nothing else is to change,
    # is an update, too: only a release says it, of what it updates.
    all_traffic_on_latest_revision = var.serve
    environment_variables          = var.settings

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.key
        version    = tostring(secret_environment_variables.value)
      }
    }
  }

  # A function does not start without the secrets that it is promised.
  depends_on = [google_secret_manager_secret_iam_member.reader]
}

resource "google_cloud_run_service_iam_member" "caller" {
  for_each = length(var.callers) > 0 ? var.callers : { everybody = "allUsers" }
  #checkov:skip=CKV_GCP_102:what everybody may call tells its callers apart itself; what Google Cloud calls is open to two accounts only

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = each.value
}
