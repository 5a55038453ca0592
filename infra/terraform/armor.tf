# Cloud Armor: what the load balancer refuses before a function has to. In production only; it costs by policy, rule
# and request.

locals {
  # Google's rules after OWASP's core rule set, at the lowest sensitivity: an API whose bodies are prices, hashes and
  # notes must not be refused for a quotation mark.
  owasp = {
    1000 = "sqli-v33-stable"
    1010 = "xss-v33-stable"
    1020 = "lfi-v33-stable"
    1030 = "rfi-v33-stable"
    1040 = "rce-v33-stable"
    1050 = "scannerdetection-v33-stable"
    1060 = "protocolattack-v33-stable"
    1070 = "sessionfixation-v33-stable"
  }
}

resource "google_compute_security_policy" "guard" {
  count = var.production ? 1 : 0

  project = local.project
  name    = "chainfolio"

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }

  # What was given up for Log4j, which nothing here uses, and everybody still sends.
  rule {
    action      = "deny(403)"
    priority    = 900
    description = "cve-canary"
    match {
      expr {
        expression = "evaluatePreconfiguredExpr('cve-canary')"
      }
    }
  }

  dynamic "rule" {
    for_each = local.owasp
    content {
      action      = "deny(403)"
      priority    = rule.key
      description = rule.value
      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.value}', {'sensitivity': 1})"
        }
      }
    }
  }

  # Functions count by caller and in each instance; this counts by address and for all of them. Twice what one caller
  # may ask leaves room for several behind one address; who goes on far beyond it is shut out for ten minutes.
  rule {
    action      = "rate_based_ban"
    priority    = 2000
    description = "requests of one address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = 1200
        interval_sec = 60
      }
      ban_threshold {
        count        = 6000
        interval_sec = 60
      }
      ban_duration_sec = 600
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "everything else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  # It goes when no backend service uses it any more.
  lifecycle {
    create_before_destroy = true
  }
}
