# In a file of its own, so that the configuration can be tried without the bucket: leave this file out.
terraform {
  backend "gcs" {
    prefix = "chainfolio"
  }
}
