// SPDX-License-Identifier: Apache-2.0
// A manifest read back from JSON. Every field of manifest.h must be there (an absent identity would
// otherwise read as "every endpoint"), fields that this version does not know are passed over, and
// the first mistake is told with its place: "units[3].routes[0].split[1].backend: 7 is out of
// range".
//
// A reader returns whether all was well; what was not is in `error_`. Boost.JSON's door.
//
// Tested by tests/unit/contract/manifest_test.cpp.
#include <algorithm>
#include <boost/json.hpp>
#include <concepts>
#include <limits>

#include "contract/abi.h"
#include "contract/image.h"
#include "contract/manifest.h"

namespace smic::contract {
namespace {

namespace json = boost::json;

// Where we are, as a chain of frames on the stack.
struct Place {
  const Place* parent = nullptr;
  std::string_view field;  // empty: an element of an array
  std::size_t index = 0;

  std::string text() const {
    const std::string outer = parent ? parent->text() : "";
    if (!parent) return outer;
    if (field.empty()) return outer + "[" + std::to_string(index) + "]";
    return outer.empty() ? std::string(field) : outer + "." + std::string(field);
  }
};

bool is_native_target(std::string_view name) {
  return !name.empty() && name.size() <= kMaxTargetName && name != kPortableTarget &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

class Reader {
 public:
  const std::string& error() const { return error_; }

  template <class T>
  bool read_document(const json::value& value, T& out) {
    return read(value, Place{}, out);
  }

 private:
  bool read(const json::value& value, const Place& place, Manifest& out) {
    return object(value, place, "version", out.version, "node", out.node, "mesh_ranges",
                  out.mesh_ranges, "units", out.units, "identities", out.identities, "names",
                  out.names);
  }
  bool read(const json::value& value, const Place& place, MeshSettings& out) {
    return object(value, place, "mesh_ranges", out.mesh_ranges, "names", out.names);
  }
  bool fail(const Place& place, const std::string& what) {
    const std::string where = place.text();
    error_ = where.empty() ? what : where + ": " + what;
    return false;
  }

  bool read(const json::value& value, const Place& place, Unit& out) {
    return object(value, place, "service", out.service, "port", out.port, "protocol", out.protocol,
                  "access", out.access, "image", out.image, "listen_addresses",
                  out.listen_addresses, "listen_port", out.listen_port, "sources", out.sources,
                  "destinations", out.destinations, "backends", out.backends, "routes", out.routes,
                  "policy", out.policy) &&
           native(value, place, out.native) && consistent(out, place);
  }
  bool native(const json::value& unit, const Place& place, std::vector<NativeImage>& out) {
    const json::value* value = unit.as_object().if_contains("native");
    return value == nullptr || read(*value, Place{&place, "native", 0}, out);
  }
  bool read(const json::value& value, const Place& place, std::vector<NativeImage>& out) {
    const json::object* images = value.if_object();
    if (!images) return fail(place, "an object is expected");
    if (images->empty() || images->size() > kMaxNativeImages) {
      return fail(place, "has " + std::to_string(images->size()));
    }
    for (const auto& [target, digest] : *images) {
      const Place here{&place, target, 0};
      if (!is_native_target(target)) return fail(here, "is no target of code");
      if (!out.empty() && out.back().target >= target) return fail(here, "is out of order");
      out.push_back({target, {}});
      if (!read(digest, here, out.back().digest)) return false;
    }
    return true;
  }
  bool read(const json::value& value, const Place& place, RoutePolicy& out) {
    if (value.is_null()) return true;
    if (!object(value, place, "scheme", out.scheme, "request_timeout", out.request_timeout,
                "idle_timeout", out.idle_timeout, "retry_attempts", out.retry_attempts,
                "rate_limit", out.rate_limit, "circuit_breaker", out.circuit_breaker)) {
      return false;
    }
    const json::value* shares = value.get_object().if_contains("split_shares");
    return shares == nullptr || read(*shares, Place{&place, "split_shares", 0}, out.split_shares);
  }
  bool read(const json::value& value, const Place& place, RateLimit& out) {
    return object(value, place, "average", out.average, "burst", out.burst, "scope", out.scope);
  }
  // null, or a value with its origin.
  template <class T>
  bool read(const json::value& value, const Place& place, Optional<T>& out) {
    if (value.is_null()) return true;
    std::optional<T> setting;
    Origin origin;
    if (!object(value, place, "value", setting, "origin", origin)) return false;
    out.emplace(std::move(*setting), std::move(origin));
    return true;
  }
  template <class T>
  bool read(const json::value& value, const Place& place, std::optional<T>& out) {
    return read(value, place, out.emplace());
  }
  bool read(const json::value& value, const Place& place, std::optional<BreakerExpression>& out) {
    std::string text;
    if (!read(value, place, text)) return false;
    auto expression = BreakerExpression::parse(text);
    if (!expression) return fail(place, "the expression " + expression.error().message);
    out.emplace(std::move(*expression));
    return true;
  }
  bool read(const json::value& value, const Place& place, Origin& out) {
    return object(value, place, "resource", out.resource, "file", out.file, "line", out.line);
  }
  bool read(const json::value& value, const Place& place, Endpoint& out) {
    return object(value, place, "address", out.address, "port", out.port, "identity", out.identity,
                  "workload", out.workload);
  }
  bool read(const json::value& value, const Place& place, Backend& out) {
    return object(value, place, "service", out.service, "port", out.port, "endpoints",
                  out.endpoints);
  }
  bool read(const json::value& value, const Place& place, WeightedBackend& out) {
    return object(value, place, "backend", out.backend, "weight", out.weight);
  }
  bool read(const json::value& value, const Place& place, Route& out) {
    return object(value, place, "origin", out.origin, "split", out.split);
  }
  bool read(const json::value& value, const Place& place, Destination& out) {
    return object(value, place, "identity", out.identity, "port", out.port);
  }
  bool read(const json::value& value, const Place& place, SourceClass& out) {
    return object(value, place, "identity", out.identity, "value", out.value);
  }
  bool read(const json::value& value, const Place& place, PodIdentity& out) {
    return object(value, place, "address", out.address, "identity", out.identity, "pod", out.pod);
  }
  bool read(const json::value& value, const Place& place, Names& out) {
    return object(value, place, "mesh_zones", out.mesh_zones, "cluster_domain", out.cluster_domain,
                  "plain_namespaces", out.plain_namespaces, "reverse_zones", out.reverse_zones,
                  "services", out.services);
  }
  bool read(const json::value& value, const Place& place, ServiceNames& out) {
    return object(value, place, "service", out.service, "kind", out.kind, "mesh_addresses",
                  out.mesh_addresses, "cluster_ips", out.cluster_ips, "alias", out.alias, "ports",
                  out.ports, "pods", out.pods) &&
           consistent(out, place);
  }
  bool read(const json::value& value, const Place& place, NamedPort& out) {
    return object(value, place, "name", out.name, "transport", out.transport, "port", out.port);
  }
  bool read(const json::value& value, const Place& place, NamedPod& out) {
    return object(value, place, "host", out.host, "address", out.address, "ports", out.ports);
  }

  bool read(const json::value& value, const Place& place, std::string& out) {
    const json::string* text = value.if_string();
    if (!text) return fail(place, "a string is expected");
    if (text->size() > kMaxManifestString) return fail(place, "the string is too long");
    out.assign(text->data(), text->size());
    return true;
  }
  template <std::unsigned_integral T>
  bool read(const json::value& value, const Place& place, T& out) {
    std::uint64_t number = 0;
    if (const auto* positive = value.if_int64(); positive && *positive >= 0) {
      number = static_cast<std::uint64_t>(*positive);
    } else if (const auto* large = value.if_uint64()) {
      number = *large;
    } else {
      return fail(place, "a whole number from 0 on is expected");
    }
    if (number > std::numeric_limits<T>::max()) return out_of_range(place, number);
    out = static_cast<T>(number);
    return true;
  }
  bool read(const json::value& value, const Place& place, Protocol& out) {
    return one_of(value, place, out,
                  {{"http", Protocol::http}, {"tcp", Protocol::tcp}, {"udp", Protocol::udp}});
  }
  bool read(const json::value& value, const Place& place, AccessMode& out) {
    return one_of(value, place, out,
                  {{"enforce", AccessMode::enforce}, {"permissive", AccessMode::permissive}});
  }
  bool read(const json::value& value, const Place& place, Transport& out) {
    return one_of(value, place, out,
                  {{"tcp", Transport::tcp}, {"udp", Transport::udp}, {"sctp", Transport::sctp}});
  }
  bool read(const json::value& value, const Place& place, NameKind& out) {
    return one_of(
        value, place, out,
        {{"addresses", NameKind::addresses}, {"pods", NameKind::pods}, {"alias", NameKind::alias}});
  }
  bool read(const json::value& value, const Place& place, Scheme& out) {
    return one_of(value, place, out,
                  {{"http", Scheme::http}, {"h2c", Scheme::h2c}, {"https", Scheme::https}});
  }
  bool read(const json::value& value, const Place& place, RateScope& out) {
    return one_of(value, place, out,
                  {{"source", RateScope::source}, {"service", RateScope::service}});
  }
  bool read(const json::value& value, const Place& place, SplitShares& out) {
    return one_of(value, place, out,
                  {{"redistribute", SplitShares::redistribute}, {"strict", SplitShares::strict}});
  }
  bool read(const json::value& value, const Place& place, std::chrono::milliseconds& out) {
    std::string text;
    if (!read(value, place, text)) return false;
    const auto duration = duration_from(text);
    if (!duration) return fail(place, "`" + text + "` is no duration");
    out = *duration;
    return true;
  }
  template <class T>
  bool read(const json::value& value, const Place& place, Shared<T>& out) {
    T part;
    if (!read(value, place, part)) return false;
    out = Shared<T>(std::move(part));
    return true;
  }
  template <class T>
  bool read(const json::value& value, const Place& place, std::vector<T>& out) {
    const json::array* list = value.if_array();
    if (!list) return fail(place, "a list is expected");
    out.resize(list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!read((*list)[i], Place{&place, {}, i}, out[i])) return false;
    }
    return true;
  }

  template <class T>
  bool one_of(const json::value& value, const Place& place, T& out,
              std::initializer_list<std::pair<std::string_view, T>> known) {
    std::string text;
    if (!read(value, place, text)) return false;
    for (const auto& [name, meaning] : known) {
      if (text != name) continue;
      out = meaning;
      return true;
    }
    return fail(place, "`" + text + "` is not known");
  }

  template <class... Rest>
  bool object(const json::value& value, const Place& place, Rest&&... rest) {
    const json::object* fields = value.if_object();
    if (!fields) return fail(place, "an object is expected");
    return fields_of(*fields, place, rest...);
  }
  template <class T, class... Rest>
  bool fields_of(const json::object& fields, const Place& place, std::string_view name, T& out,
                 Rest&... rest) {
    const json::value* value = fields.if_contains(name);
    const Place here{&place, name, 0};
    if (!value) return fail(here, "is missing");
    if (!read(*value, here, out)) return false;
    if constexpr (sizeof...(rest) > 0) return fields_of(fields, place, rest...);
    return true;
  }

  // ---- what the types alone do not say ---------------------------------------------------------

  bool out_of_range(const Place& place, std::uint64_t number) {
    return fail(place, std::to_string(number) + " is out of range");
  }

  bool consistent(const Unit& unit, const Place& place) {
    if (unit.listen_port == 0) return out_of_range(Place{&place, "listen_port", 0}, 0);
    const std::size_t addresses = unit.listen_addresses.size();
    if (addresses == 0 || addresses > kMaxListenAddresses) {
      return fail(Place{&place, "listen_addresses", 0}, "has " + std::to_string(addresses));
    }
    if (const std::string_view broken = broken_rule(unit.policy); !broken.empty()) {
      return fail(Place{&place, "policy", 0}, std::string(broken));
    }
    if (unit.destinations.size() > kMaxDestinations) {
      return fail(Place{&place, "destinations", 0},
                  "more than " + std::to_string(kMaxDestinations));
    }
    const Place backends{&place, "backends", 0};
    for (std::size_t i = 0; i < unit.backends.size(); ++i) {
      if (!dialable(unit.backends[i], Place{&backends, {}, i})) return false;
    }
    const Place routes{&place, "routes", 0};
    for (std::size_t i = 0; i < unit.routes.size(); ++i) {
      if (!resolved(unit.routes[i], unit.backends.size(), Place{&routes, {}, i})) return false;
    }
    return true;
  }

  bool dialable(const Backend& backend, const Place& place) {
    const Place endpoints{&place, "endpoints", 0};
    for (std::size_t i = 0; i < backend.endpoints.size(); ++i) {
      const Place here{&endpoints, {}, i};
      if (backend.endpoints[i].port == 0) return out_of_range(Place{&here, "port", 0}, 0);
      if (backend.endpoints[i].address.empty()) return fail(Place{&here, "address", 0}, "is empty");
    }
    return true;
  }

  bool resolved(const Route& route, std::size_t backends, const Place& place) {
    const Place split{&place, "split", 0};
    for (std::size_t i = 0; i < route.split.size(); ++i) {
      if (route.split[i].backend < backends) continue;
      const Place here{&split, {}, i};
      return out_of_range(Place{&here, "backend", 0}, route.split[i].backend);
    }
    return true;
  }

  bool consistent(const ServiceNames& names, const Place& place) {
    const Place pods{&place, "pods", 0};
    for (std::size_t i = 0; i < names.pods.size(); ++i) {
      if (names.pods[i].ports.size() == names.ports.size()) continue;
      const Place here{&pods, {}, i};
      return fail(Place{&here, "ports", 0}, "is not as long as the Service's");
    }
    return true;
  }

  std::string error_;
};

template <class T>
Result<T> parsed(std::string_view text, const char* what) {
  const auto failed = [&](const std::string& why) {
    return smic::fail(std::string(what) + ": " + why);
  };
  if (text.size() > kMaxManifestBytes) return failed("is too long");

  json::monotonic_resource memory;
  json::error_code error;
  json::parse_options options;
  options.max_depth = 16;  // the deepest known field is at 8; unknown ones may nest a little
  const json::value document = json::parse(text, error, &memory, options);
  if (error) return failed("is no JSON: " + error.message());

  T value;
  Reader reader;
  if (!reader.read_document(document, value)) return failed(reader.error());
  return value;
}

}  // namespace

Result<Manifest> manifest_from_json(std::string_view text) {
  return parsed<Manifest>(text, "manifest");
}
Result<MeshSettings> settings_from_json(std::string_view text) {
  return parsed<MeshSettings>(text, "settings");
}
Result<Unit> unit_from_json(std::string_view text) { return parsed<Unit>(text, "unit"); }
Result<ServiceNames> service_names_from_json(std::string_view text) {
  return parsed<ServiceNames>(text, "service");
}
Result<PodIdentity> pod_from_json(std::string_view text) {
  return parsed<PodIdentity>(text, "pod");
}

}  // namespace smic::contract
