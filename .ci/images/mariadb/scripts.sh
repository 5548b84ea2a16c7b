# Read by the entrypoints of mariadb:11 and of mysql:8.4, which is made of it.

run_scripts() { # run_scripts CLIENT…: runs what lies in /docker-entrypoint-initdb.d, SQL through the client
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) echo "running $file"; if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) echo "running $file"; "$@" <"$file" ;;
      *.sql.gz) echo "running $file"; gunzip --stdout "$file" | "$@" ;;
      *) echo "ignoring $file" ;;
    esac
  done
}
