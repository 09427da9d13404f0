#!/usr/bin/env bash
# The story's checks as a script of curl and jq. LANES questions at a time (1: one after the other).
# From the environment: OPEN_WEBUI, GATEWAY, EMAIL, PASSWORD, KEY, ENDPOINT, MODELS, README, LANES.
set -uo pipefail
export FOLDER; FOLDER=$(mktemp -d); trap 'rm -rf "$FOLDER"' EXIT
number=0 red=0
check() { # name, command...
  local name=$1; shift; number=$((number + 1))
  if "$@" >"$FOLDER/said" 2>&1; then echo "ok $number $name"
  else echo "not ok $number $name: $(head -c 200 "$FOLDER/said")"; red=1; fi
}
ask() { # who bears which token, address, more...
  curl -sS --max-time 240 -H "Authorization: Bearer $1" "${@:2}"
}
export TOKEN
TOKEN=$(curl -sS "$OPEN_WEBUI/api/v1/auths/signin" -H 'Content-Type: application/json' \
  -d "$(jq -n --arg e "$EMAIL" --arg p "$PASSWORD" '{email: $e, password: $p}')" | jq -r .token)

endpoint() { ask "$TOKEN" "$OPEN_WEBUI/openai/config" >"$FOLDER/config" &&
  jq -e --arg url "$ENDPOINT" '.ENABLE_OPENAI_API and (.OPENAI_API_BASE_URLS | index($url) != null)' "$FOLDER/config"; }
key() { ask "$(jq -r '.OPENAI_API_KEYS[0]' "$FOLDER/config")" "$GATEWAY/v1/models" >"$FOLDER/served" &&
  jq -e '.data | length > 0' "$FOLDER/served"; }
invented_key() { [ "$(ask sk-invented "$GATEWAY/v1/models" -o /dev/null -w '%{http_code}')" -ge 400 ]; }
alive() { curl -sS "$GATEWAY/health/liveliness" | grep -q alive; }
listed() { ask "$TOKEN" "$OPEN_WEBUI/api/models?refresh=true" | jq -r '.data[].id' | sort >"$FOLDER/offered" &&
  for model in $MODELS; do grep -qx "$model" "$FOLDER/offered" || { echo "$model"; return 1; }; done; }
same() { jq -r '.data[].id' "$FOLDER/served" | sort | while read -r model; do
  grep -qx "$model" "$FOLDER/offered" || exit 1; done; }
not_invented() { ! grep -qx invented-model "$FOLDER/offered"; }
chain() { ask "$KEY" "$GATEWAY/fallback/vllm-qwen" | jq -e '.fallback_models[0] == "ollama-qwen"'; }
alone() { ask "$KEY" "$GATEWAY/router/settings" |
  jq -e '[.fields[] | select(.field_name == "fallbacks") | .field_value[] | keys[]] - ["vllm-qwen", "ollama-qwen"] == []'; }
documented() { for model in $MODELS; do grep -qF "$model" "$README" || return 1; done; }
# Asks one model after another in one conversation; each must say its code, and be the one that answered.
talk() {
  local history='[]' model code out; out=$(mktemp -p "$FOLDER")
  for model in "$@"; do
    code="code-$RANDOM$RANDOM"
    history=$(jq -c --arg c "Repeat these words and nothing else: $code" '. + [{role: "user", content: $c}]' <<<"$history")
    curl -sS --max-time 240 -D "$out.headers" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
      "$OPEN_WEBUI/api/chat/completions" \
      -d "$(jq -nc --arg m "$model" --argjson h "$history" '{model: $m, messages: $h, stream: true}')" >"$out"
    text=$(sed -n 's/^data: {/{/p' "$out" | jq -rj '.choices[0].delta.content // empty')
    [[ $text == *"$code"* ]] || { echo "not ok $*: $model said ${text:0:80}"; return 1; }
    grep -qi "^x-litellm-model-group: $model" "$out.headers" || { echo "not ok $*: another model answered for $model"; return 1; }
    history=$(jq -c --arg c "$text" '. + [{role: "assistant", content: $c}]' <<<"$history")
  done
  echo "ok $*"
}
export -f talk

check "the endpoint in use is LiteLLM" endpoint
check "the gateway accepts the key in use" key
check "the gateway refuses an invented key" invented_key
check "the gateway is alive" alive
check "all models are offered" listed
check "the list is what the gateway serves" same
check "an invented model is not offered" not_invented
check "the chain is in force" chain
check "the parallel models stand alone" alone
check "the README names the models" documented
{
  printf '%s\n' $MODELS
  echo "vllm-qwen ollama-qwen"
  echo "vllm-qwen groq/llama-3.3-70b-versatile"
  echo "vllm-qwen gemini/gemini-2.0-flash vllm-qwen"
} | xargs -P "$LANES" -I{} bash -c 'talk {}' | tee "$FOLDER/talked"
grep -q '^not ok' "$FOLDER/talked" && red=1
exit $red
