terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.32, < 8"
    }
  }
}
