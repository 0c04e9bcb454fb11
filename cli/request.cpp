// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/cli/request_test.cpp and tests/integration/explain_test.py.
#include "cli/request.h"

#include <algorithm>
#include <charconv>

#include "runtime/proxy/normalise.h"

namespace smic::cli {
namespace {

// "shop/web" or "spiffe-like"? Only NAMESPACE/SERVICEACCOUNT.
bool is_pair(const std::string& given) {
  const auto slash = given.find('/');
  return slash != 0 && slash != std::string::npos && slash + 1 != given.size() &&
         given.find('/', slash + 1) == std::string::npos;
}

Taken take_identity(const std::string& given, ir::Identity& identity) {
  if (!is_pair(given)) return UsageError("`" + given + "` is not NAMESPACE/SERVICEACCOUNT");
  const auto slash = given.find('/');
  identity = {given.substr(0, slash), given.substr(slash + 1)};
  return {};
}

// "80", or "53/udp": UDP may share its number with a TCP port.
Taken take_port(const std::string& given, Request& request) {
  std::string_view number = given;
  request.query.datagrams = number.ends_with("/udp");
  if (request.query.datagrams) number.remove_suffix(4);
  const char* end = number.data() + number.size();
  const auto [stopped, error] = std::from_chars(number.data(), end, request.query.port);
  if (error != std::errc() || stopped != end || request.query.port == 0) {
    return UsageError("`" + given + "` is not a port");
  }
  request.port_given = true;
  return {};
}

// SERVICE.NAMESPACE, with what people append: a trailing dot, .mesh, .svc, .svc.cluster.local.
Taken take_service(const std::string& given, Request& request) {
  std::string name = given;
  if (const auto colon = name.rfind(':'); colon != std::string::npos) {
    if (auto port = take_port(name.substr(colon + 1), request); !port) return port;
    name.resize(colon);
  }
  if (name.ends_with('.')) name.pop_back();
  const auto first = name.find('.');
  const auto second = first == std::string::npos ? first : name.find('.', first + 1);
  const std::string zone = second == std::string::npos ? "" : name.substr(second + 1);
  const bool zone_known =
      zone.empty() || zone == "mesh" || zone == "svc" || zone.starts_with("svc.");
  const std::string ns =
      first == std::string::npos
          ? ""
          : name.substr(first + 1,
                        second == std::string::npos ? std::string::npos : second - first - 1);
  if (first == 0 || ns.empty() || !zone_known) {
    return UsageError("`" + given + "` is not SERVICE.NAMESPACE[:PORT[/udp]]");
  }
  request.query.to = {ns, name.substr(0, first)};
  return {};
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Taken take_header(const std::string& given, Query& query) {
  const auto colon = given.find(':');
  if (colon == 0 || colon == std::string::npos) {
    return UsageError("`" + given + "` is not 'name: value'");
  }
  std::string name = trimmed(given.substr(0, colon));
  for (char& letter : name) letter = static_cast<char>(std::tolower(letter));
  query.headers.emplace_back(std::move(name), trimmed(given.substr(colon + 1)));
  return {};
}

// What the table of options cannot say.
Taken check_names(const Request& request) {
  const bool account = !request.query.from.name.empty();
  if (account == !request.from_pod.empty()) {
    return UsageError("it needs --from=NAMESPACE/SERVICEACCOUNT or --from-pod=NAMESPACE/POD");
  }
  if (request.query.to.name.empty()) return UsageError("it needs --to=SERVICE.NAMESPACE[:PORT]");
  return {};
}

// The path as rules see it (D-3): without query, normalised; what the proxy refuses is no question.
Taken normalise(Query& query) {
  query.path.resize(std::min(query.path.size(), query.path.find_first_of("?#")));
  std::string scratch;
  const auto path = proxy::normalise_path(query.path, scratch);
  if (!query.path.starts_with('/') || !path) {
    return UsageError("--path: a proxy answers `" + query.path + "` with 400 (bad request)");
  }
  query.path = std::string(*path);
  return {};
}

}  // namespace

std::vector<Option> request_options(Request& request) {
  return {
      {"--from", "NAMESPACE/SERVICEACCOUNT", "who calls",
       [&request](const std::string& given) { return take_identity(given, request.query.from); }},
      {"--from-pod", "NAMESPACE/POD", "the same, for one pod: with the bindings that select it",
       [&request](const std::string& given) -> Taken {
         if (!is_pair(given)) return UsageError("`" + given + "` is not NAMESPACE/POD");
         request.from_pod = given;
         return {};
       }},
      {"--to", "SERVICE.NAMESPACE[:PORT[/udp]]",
       "whom; the port may be left out if there is only one",
       [&request](const std::string& given) { return take_service(given, request); }},
      text("--method", "METHOD", request.query.method, "(default: GET)"),
      text("--path", "PATH", request.query.path, "normalised as the proxy does it (default: /)"),
      {"--header", "'NAME: VALUE'", "a header line; may be repeated",
       [&request](const std::string& given) { return take_header(given, request.query); }}};
}

Taken check(Request& request) {
  if (auto fine = check_names(request); !fine) return fine;
  return normalise(request.query);
}

Taken choose_port(Request& request, const Frontend& front) {
  if (request.port_given) return {};
  const std::vector<ir::Port> ports = ports_of(front, request.query.to);
  if (ports.size() > 1) {
    std::vector<std::string> words;
    for (ir::Port port : ports) words.push_back(std::to_string(port));
    return UsageError("--to: " + ir::to_string(request.query.to) +
                      " has several ports: " + join_words(words, ", "));
  }
  if (!ports.empty()) request.query.port = ports.front();
  return {};
}

Taken choose_source(Request& request, const Frontend& front) {
  ir::Identity& from = request.query.from;
  if (!request.from_pod.empty()) {
    const auto pod = std::ranges::find(front.mesh.pods, request.from_pod, &model::PodAddress::pod);
    if (pod == front.mesh.pods.end()) {
      return UsageError("--from-pod: `" + request.from_pod +
                        "` is no running pod with an address of its own");
    }
    from = pod->identity;
    return {};
  }
  std::vector<const ir::Identity*> known_as;
  for (const ir::Identity& identity : front.mesh.told_apart) {
    const bool of_account =
        identity.ns == from.ns &&
        (identity.name == from.name || identity.name.starts_with(from.name + model::kBindingMark));
    if (of_account) known_as.push_back(&identity);
  }
  if (known_as.size() == 1) from = *known_as.front();
  return {};
}

}  // namespace smic::cli
