// SPDX-License-Identifier: Apache-2.0
// kube-dns's own way to forward zones, a JSON object in its ConfigMap (GKE):
//
//   {"begin.smic.invalid":["10.96.0.53"],"mesh":["10.96.0.53"],"end.smic.invalid":["10.96.0.53"],
//    "acme.local":["1.2.3.4"]}
//
// JSON has no comments, so two zones that can never exist (RFC 6761, .invalid) are the markers of
// what is ours. It is put in as text, behind the first brace, and so can be taken out byte for
// byte. Where the key was not there at all, the first marker is called new.smic.invalid. Boost.JSON
// tells whether the text is what kube-dns would take. Tested by stub_domains_test.cpp.
#include <algorithm>
#include <boost/json.hpp>

#include "controller/dns/dns_stub.h"

namespace smic::dns_stub {
namespace {

namespace json = boost::json;

constexpr std::string_view kBegin = "\"begin.smic.invalid\":";
constexpr std::string_view kNew = "\"new.smic.invalid\":";
constexpr std::string_view kEnd = "\"end.smic.invalid\":";

std::nullopt_t refuse(SourceId source, std::string message, Diagnostics& diagnostics,
                      std::string help = {}) {
  diagnostics.report("E81", {source}, std::move(message), std::move(help));
  return std::nullopt;
}

struct Members {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool made_whole = false;  // there was nothing before us
};

// Ours, or an empty range; nothing if there is half of them.
std::optional<Members> find_members(std::string_view text) {
  const bool made_whole = text.find(kNew) != std::string_view::npos;
  const std::size_t begin = text.find(made_whole ? kNew : kBegin);
  const std::size_t end = text.find(kEnd);
  if (begin == std::string_view::npos && end == std::string_view::npos) return Members{};
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return std::nullopt;
  }
  const std::size_t close = text.find(']', end);
  if (close == std::string_view::npos) return std::nullopt;
  return Members{begin, close + 1 + (text.substr(close + 1).starts_with(',') ? 1 : 0), made_whole};
}

// What kube-dns takes: zones with lists of servers.
std::optional<json::object> parse(std::string_view text) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  json::value value = json::parse(text, error, {}, options);
  if (error || !value.is_object()) return std::nullopt;
  for (const auto& [zone, servers] : value.get_object()) {
    if (!servers.is_array()) return std::nullopt;
    for (const json::value& server : servers.get_array()) {
      if (!server.is_string()) return std::nullopt;
    }
  }
  return std::move(value.get_object());
}

std::string members_text(const Stub& stub, std::string_view begin) {
  std::string servers = "[";
  for (const std::string& responder : stub.responders) {
    servers += (servers.size() > 1 ? ",\"" : "\"") + responder + '"';
  }
  servers += ']';
  std::string text = std::string(begin) + servers;
  for (const std::string& zone : stub.zones) text += ",\"" + zone + "\":" + servers;
  return text + ',' + std::string(kEnd) + servers;
}

// The text without what is ours, if it is then still what kube-dns takes. Empty for what we made.
std::optional<std::string> without(std::string_view text, const Members& members) {
  std::string rest(text);
  rest.erase(members.begin, members.end - members.begin);
  if (members.made_whole && rest == "{}") return std::string();
  return parse(rest) ? std::optional(rest) : std::nullopt;
}

bool is_zone_of(const Stub& stub, std::string_view zone) {
  if (zone.ends_with('.')) zone.remove_suffix(1);
  return std::ranges::any_of(stub.zones, [zone](const std::string& ours) {
    return std::ranges::equal(ours, zone, {}, {}, [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
  });
}

}  // namespace

std::optional<std::string> take_from_stub_domains(const Sources& sources, SourceId source,
                                                  Diagnostics& diagnostics) {
  const std::string_view text = sources.text(source);
  const auto members = find_members(text);
  auto rest = members ? without(text, *members) : std::nullopt;
  if (text.empty()) return std::string();
  if (rest) return rest;
  return refuse(source, "stubDomains is no JSON object of zones and their servers", diagnostics,
                "mend it by hand; kube-dns does not take it as it is either");
}

std::optional<std::string> add_to_stub_domains(const Sources& sources, SourceId source,
                                               const Stub& stub, Diagnostics& diagnostics) {
  if (const auto wrong = check(stub)) return refuse(source, *wrong, diagnostics);
  const auto members = find_members(sources.text(source));
  auto rest = take_from_stub_domains(sources, source, diagnostics);
  if (!rest) return std::nullopt;
  if (rest->empty()) return "{" + members_text(stub, kNew) + "}";
  const json::object others = *parse(*rest);
  for (const auto& [zone, servers] : others) {
    if (!is_zone_of(stub, zone)) continue;
    return refuse(source, "the zone `" + std::string(zone) + "` is here already, and not by smic",
                  diagnostics, "take it out, or name the mesh's zone otherwise");
  }
  const bool made_whole = members->made_whole;
  const std::string ours = members_text(stub, made_whole ? kNew : kBegin);
  return rest->insert(rest->find('{') + 1, ours + (others.empty() ? "" : ","));
}

}  // namespace smic::dns_stub
