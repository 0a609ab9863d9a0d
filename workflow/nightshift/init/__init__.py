"""`nightshift init`: from two files to config/config.yaml."""
