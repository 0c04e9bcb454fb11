// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/distribution/routes_test.cpp.
#include "controller/distribution/routes.h"

#include <boost/json.hpp>
#include <charconv>

#include "base/log.h"

namespace smic::distribution {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxNode = 253;
constexpr std::size_t kMaxReason = 4096;
constexpr std::string_view kImages = "/v1/images/";

Result<std::uint64_t> number_from(std::string_view text, const char* name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > contract::kMostVersion) {
    return fail("`" + std::string(name) + "` is no number");
  }
  return number;
}

Result<std::uint64_t> number_in(const api::Request& request, const char* name) {
  const auto text = request.parameter(name);
  return text ? number_from(*text, name) : 0;
}

Result<std::optional<contract::Hash>> hash_in(const api::Request& request, const char* name) {
  const auto text = request.parameter(name);
  if (!text) return std::nullopt;
  contract::Hash hash;
  if (!contract::from_hex(*text, hash))
    return fail("`" + std::string(name) + "` is no digest in hex");
  return hash;
}

// "x86_64-v3,x86_64-v2". Names that are not known here are those of a newer proxy.
Result<std::vector<std::string>> targets_in(const api::Request& request) {
  const std::string text = request.parameter("targets").value_or("");
  std::vector<std::string> targets;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t comma = std::min(text.find(',', begin), text.size());
    targets.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
    if (targets.size() > kMaxTargetsTold || targets.back().size() > contract::kMaxTargetName) {
      return fail("`targets` is no short list of CPUs");
    }
  }
  return targets;
}

api::Response bad_request(const std::string& why) {
  return api::status_response(400, "BadRequest", why);
}

bool is_node(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNode && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\';
  });
}

std::expected<api::StreamHead, api::Response> watch(Hub& hub, Gate& gate,
                                                    const api::Request& request,
                                                    std::shared_ptr<api::Stream> stream) {
  const std::string node = request.parameter("node").value_or("");
  if (!is_node(node)) return std::unexpected(bad_request("`node` is the name of a node"));
  const auto from = read_from(request);
  if (!from) return std::unexpected(bad_request(from.error().message));
  if (auto allowed = gate.may_be(bearer_token(request), node); !allowed) {
    return std::unexpected(allowed.error());
  }
  if (auto done = hub.subscribe(node, *from, std::move(stream)); !done) {
    return std::unexpected(api::status_response(503, "ServiceUnavailable", done.error().message));
  }
  log_info("a proxy is following",
           {{"node", node},
            {"remote", request.remote},
            {"from", std::to_string(from->epoch) + '.' + std::to_string(from->version)}});
  return api::StreamHead{.type = "application/x-ndjson",
                         .headers = {{"Smic-Replica", request.local},
                                     {"Smic-Heartbeat", std::to_string(hub.heartbeat().count())}}};
}

// An image is named by its digest, and who knows that may have it: it holds no name. But a token
// there must be.
api::Response image(const Hub& hub, Gate& gate, const api::Request& request) {
  const std::string node = request.parameter("node").value_or("");
  if (auto allowed = gate.may_be(bearer_token(request), node); !allowed) return allowed.error();
  const std::string digest(
      std::string_view(request.path).substr(std::min(kImages.size(), request.path.size())));
  const auto bytes = hub.image(api::decode_percent(digest));
  if (!bytes) return api::status_response(404, "NotFound", "no state names that image");
  const auto* text = reinterpret_cast<const char*>(bytes->data());
  return {200, "application/octet-stream", std::string(text, bytes->size()), {}};
}

api::Response acknowledge(Hub& hub, Gate& gate, const api::Request& request) {
  auto what = read_acknowledgement(request.body);
  if (!what) return bad_request(what.error().message);
  if (auto allowed = gate.may_be(bearer_token(request), what->node); !allowed)
    return allowed.error();
  if (!what->refused.empty()) {
    log_error("a proxy refuses a state",
              {{"node", what->node},
               {"version", std::to_string(what->epoch) + '.' + std::to_string(what->version)},
               {"reason", what->refused}});
  }
  hub.acknowledge(std::move(*what));
  return {204, "application/json", "", {}};
}

api::Response status(const Hub& hub, Gate& gate, const api::Request& request) {
  if (auto allowed = gate.may_see_status(bearer_token(request)); !allowed) return allowed.error();
  return {200, "application/json", to_json(hub.status()), {}};
}

}  // namespace

Result<From> read_from(const api::Request& request) {
  From from;
  for (const auto& [name, field] : {std::pair("epoch", &From::epoch), {"from", &From::version}}) {
    const auto number = number_in(request, name);
    if (!number) return std::unexpected(number.error());
    from.*field = *number;
  }
  for (const auto& [name, field] : {std::pair("mesh", &From::mesh), {"local", &From::local}}) {
    auto hash = hash_in(request, name);
    if (!hash) return std::unexpected(hash.error());
    from.*field = *hash;
  }
  const std::string refused = request.parameter("refused").value_or("0.0");
  const std::size_t dot = std::min(refused.find('.'), refused.size());
  const auto epoch = number_from(std::string_view(refused).substr(0, dot), "refused");
  const auto version =
      number_from(std::string_view(refused).substr(std::min(dot + 1, refused.size())), "refused");
  if (!epoch || !version) return fail("`refused` is no EPOCH.VERSION");
  from.refused_epoch = *epoch;
  from.refused_version = *version;
  auto targets = targets_in(request);
  if (!targets) return std::unexpected(targets.error());
  from.targets = std::move(*targets);
  return from;
}

Result<Acknowledged> read_acknowledgement(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value document = json::parse(text, error, {}, options);
  const json::object* object = document.if_object();
  if (error || object == nullptr) return fail("an acknowledgement is a JSON object");
  const auto text_at = [&](std::string_view name) -> std::optional<std::string> {
    const json::value* value = object->if_contains(name);
    const json::string* found = value == nullptr ? nullptr : value->if_string();
    if (found == nullptr) return std::nullopt;
    return std::string(found->data(), found->size());
  };
  const auto number_at = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const json::value* value = object->if_contains(name);
    const std::int64_t* found = value == nullptr ? nullptr : value->if_int64();
    if (found == nullptr || *found < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*found);
  };
  const auto node = text_at("node");
  const auto epoch = number_at("epoch"), version = number_at("version");
  if (!node || !is_node(*node) || !epoch || !version) {
    return fail("an acknowledgement has `node`, `epoch` and `version`");
  }
  std::string refused = text_at("refused").value_or("");
  refused.resize(std::min(refused.size(), kMaxReason));
  return Acknowledged{*node, *epoch, *version, std::move(refused)};
}

std::vector<api::Route> routes(std::shared_ptr<Hub> hub, std::shared_ptr<Gate> gate) {
  std::vector<api::Route> list;
  list.push_back({.path = "/v1/watch",
                  .stream =
                      [=](const api::Request& request, std::shared_ptr<api::Stream> stream) {
                        return watch(*hub, *gate, request, std::move(stream));
                      },
                  .max_waiting = 2 * contract::kMaxManifestBytes});
  list.push_back({.path = "/v1/images", .below = true, .handle = [=](const api::Request& request) {
                    return image(*hub, *gate, request);
                  }});
  list.push_back(
      {.path = "/v1/ack",
       .methods = {"POST"},
       .max_body = 64 * 1024,
       .handle = [=](const api::Request& request) { return acknowledge(*hub, *gate, request); }});
  list.push_back({.path = "/v1/status", .handle = [=](const api::Request& request) {
                    return status(*hub, *gate, request);
                  }});
  return list;
}

}  // namespace smic::distribution
