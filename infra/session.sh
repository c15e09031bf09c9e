# Source this: sets BASE and TOKEN (good for 15 minutes) from the credentials of a broker on this machine.
#   . infra/session.sh [data folder]
_gw_file="${1:-${GRANTWAY_DATA_DIR:-.grantway}}/credentials.json"
_gw_field() { node -e 'process.stdout.write(JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))[process.argv[2]])' "$_gw_file" "$1"; }
BASE=$(_gw_field base_url)
# The secret goes by standard input: arguments can be seen by others on the machine.
TOKEN=$(printf 'grant_type=client_credentials&client_id=%s&client_secret=%s' "$(_gw_field client_id)" "$(_gw_field client_secret)" |
  curl -sS "$BASE/oauth/token" -d @- | node -e 'let t = ""; process.stdin.on("data", (c) => (t += c)).on("end", () => process.stdout.write(JSON.parse(t).access_token))')
export BASE TOKEN
unset -f _gw_field
unset _gw_file
