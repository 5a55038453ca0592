# Who may do what: nothing without TLS, and a policy for whoever writes and reads archives.

locals {
  objects = "${aws_s3_bucket.archive.arn}/${var.prefix == "" ? "" : "${var.prefix}/"}*"
}

resource "aws_s3_bucket_policy" "archive" {
  bucket = aws_s3_bucket.archive.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.archive.arn, "${aws_s3_bucket.archive.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.archive]
}

# It adds objects and reads what is there; it cannot change or delete any.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
resource "aws_iam_policy" "archive" {
  name        = "${var.bucket}-archive"
  description = "Writes archives to ${var.bucket}, and reads them."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AddNew"
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = local.objects
        Condition = { Null = { "s3:if-none-match" = "false" } }
      },
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = local.objects
      },
      {
        Sid      = "List"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.archive.arn
      },
    ]
  })
}
