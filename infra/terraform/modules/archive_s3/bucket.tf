# Where archives are kept, on AWS: closed to everybody, encrypted, every version kept.

resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_18:one program writes here and nobody else; who reads is in CloudTrail where that is on
  #checkov:skip=CKV_AWS_144:an archive is a copy already
  #checkov:skip=CKV2_AWS_62:nobody waits for a new archive
  bucket              = var.bucket
  object_lock_enabled = var.lock_days != null
}

resource "aws_s3_bucket_versioning" "archive" {
  bucket = aws_s3_bucket.archive.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  bucket = aws_s3_bucket.archive.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  bucket                  = aws_s3_bucket.archive.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_object_lock_configuration" "archive" {
  count  = var.lock_days == null ? 0 : 1
  bucket = aws_s3_bucket.archive.id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.archive]
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  #checkov:skip=CKV_AWS_300:no object is written in parts
  count  = var.keep_days == null ? 0 : 1
  bucket = aws_s3_bucket.archive.id

  rule {
    id     = "forget"
    status = "Enabled"

    filter {}

    expiration {
      days = var.keep_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  depends_on = [aws_s3_bucket_versioning.archive]
}
