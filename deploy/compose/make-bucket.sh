# Run inside the container of the S3 client, as often as the installation is started.
secret() { cat "/run/secrets/$1"; }

mc alias set s3 http://s3:9000 "$(secret s3-root-user)" "$(secret s3-root-password)"
mc mb --ignore-existing s3/images
mc admin policy create s3 longshore /s3-policy.json
mc admin user add s3 "$(secret s3-access-key)" "$(secret s3-secret-key)"
# Fails where it is attached already, which is as well.
mc admin policy attach s3 longshore --user "$(secret s3-access-key)" || true
