terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # Older ones never say that traffic is to stay where it is: all_traffic_on_latest_revision = false
      # (https://github.com/hashicorp/terraform-provider-google/issues/24130).
      version = ">= 7.32, < 8"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region

  # The budget's API counts calls against a project, and takes none from a person's own credentials without one.
  user_project_override = true
  billing_project       = var.project_id
}
