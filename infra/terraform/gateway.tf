# One address for all functions: a load balancer that knows which function answers which path. Only with a domain,
# because it costs about 20 dollars a month even when nobody calls.

locals {
  balanced = { for name, function in local.public_functions : name => function if var.domain != "" }
  # A certificate is named for what it is made of, so that a new one can be there before the old goes.
  certificate = "chainfolio-${replace(var.domain, ".", "-")}"
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local.balanced

  project               = local.project
  region                = var.region
  name                  = module.function[each.key].id
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.function[each.key].id
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_backend_service" "function" {
  for_each = local.balanced

  project               = local.project
  name                  = module.function[each.key].id
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = one(google_compute_security_policy.guard[*].id)

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  # What Cloud Armor did is told in these logs.
  log_config {
    enable      = var.production
    sample_rate = var.production ? 1 : null
  }

  # Google deletes nothing that is in use: what used it is changed first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_url_map" "paths" {
  count = var.domain == "" ? 0 : 1

  project         = local.project
  name            = "chainfolio"
  default_service = google_compute_backend_service.function["portfolio"].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "functions"
  }

  path_matcher {
    name            = "functions"
    default_service = google_compute_backend_service.function["portfolio"].id

    dynamic "path_rule" {
      for_each = local.balanced
      content {
        paths   = path_rule.value.paths
        service = google_compute_backend_service.function[path_rule.key].id
      }
    }
  }
}

resource "google_compute_global_address" "public" {
  count = var.domain == "" ? 0 : 1

  project = local.project
  name    = "chainfolio"
}

resource "google_compute_managed_ssl_certificate" "public" {
  count = var.domain == "" ? 0 : 1

  project = local.project
  name    = local.certificate

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "modern" {
  count = var.domain == "" ? 0 : 1

  project         = local.project
  name            = "chainfolio"
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"
}

resource "google_compute_target_https_proxy" "public" {
  count = var.domain == "" ? 0 : 1

  project          = local.project
  name             = "chainfolio"
  url_map          = google_compute_url_map.paths[0].id
  ssl_certificates = [google_compute_managed_ssl_certificate.public[0].id]
  ssl_policy       = google_compute_ssl_policy.modern[0].id
}

resource "google_compute_global_forwarding_rule" "https" {
  count = var.domain == "" ? 0 : 1

  project               = local.project
  name                  = "chainfolio-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public[0].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.public[0].id
}

resource "google_compute_url_map" "to_https" {
  count = var.domain == "" ? 0 : 1

  project = local.project
  name    = "chainfolio-to-https"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "MOVED_PERMANENTLY_DEFAULT"
    strip_query            = false
  }
}

resource "google_compute_target_http_proxy" "to_https" {
  count = var.domain == "" ? 0 : 1

  project = local.project
  name    = "chainfolio-to-https"
  url_map = google_compute_url_map.to_https[0].id
}

resource "google_compute_global_forwarding_rule" "http" {
  count = var.domain == "" ? 0 : 1

  project               = local.project
  name                  = "chainfolio-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public[0].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.to_https[0].id
}
