# The digest of what is in the bundle is in the name: another content is another object and so another build, the same
# content is neither.
resource "google_storage_bucket_object" "bundle" {
  bucket = var.build.bucket
  name   = "${var.name}-${trimspace(file("${var.bundle}.sha256"))}.zip"
  source = "${var.bundle}.zip"

  lifecycle {
    create_before_destroy = true
  }
}
