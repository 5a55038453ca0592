# Terraform makes the secrets and says who may read them. Their values never pass through it: it would keep them in
# its state.

locals {
  secret_names = "^(COINMARKETCAP_API_KEY|COINGECKO_API_KEY|SESSION_KEY|AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|ETH_RPC_URL|SEPOLIA_RPC_URL|RPC_URL_[1-9][0-9]{0,19})$"

  # By what they are needed for; those without a version are given to nobody.
  given = { for name, version in var.secrets : name => version if version > 0 }
  secrets = {
    chains   = { for name, version in local.given : name => version if strcontains(name, "RPC_URL") }
    prices   = { for name, version in local.given : name => version if endswith(name, "_API_KEY") }
    sessions = { for name, version in local.given : name => version if name == "SESSION_KEY" }
    archives = { for name, version in local.given : name => version if startswith(name, "AWS_") }
  }
}

resource "google_secret_manager_secret" "setting" {
  for_each = var.secrets

  project   = local.project
  secret_id = each.key
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }
}
