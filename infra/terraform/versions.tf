terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
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
