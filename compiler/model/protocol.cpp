// SPDX-License-Identifier: Apache-2.0
// Which protocol a Service port speaks. UDP and SCTP are the port's own word. For TCP ports, the
// first of these that says something decides:
//
//   the Service's annotation   smic.dev/protocol, or the predecessor's traffic-type, for all TCP
//                              ports
//   appProtocol                of the port, in any case; no kind of HTTP means opaque bytes
//   the port's name            up to the first "-", as in "grpc-internal", if it is a known word
//   HTTP                       as the predecessor's default mode
//
// TLS is opaque (https, wss): its requests cannot be read, and taking it for HTTP would break it.
// Traefik Mesh's `traffic-type: udp` made a Service lose its TCP ports; here they go on as bytes.
#include <algorithm>
#include <array>

#include "compiler/model/annotations.h"
#include "compiler/model/stages.h"

namespace smic::model {
namespace {

constexpr std::array<std::string_view, 9> kHttp = {
    "http",    "http1", "http2", "h2c", "grpc", "ws", "kubernetes.io/h2c", "kubernetes.io/ws",
    "grpc-web"};

constexpr std::array<std::string_view, 14> kOpaqueNames = {
    "tcp",   "tls",      "https",      "wss",   "udp",  "mongo", "mysql",
    "pgsql", "postgres", "postgresql", "redis", "amqp", "kafka", "smtp"};

template <std::size_t n>
bool contains(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::optional<ir::Protocol> named_protocol(std::string_view port_name) {
  const std::string_view word = port_name.substr(0, port_name.find('-'));
  if (contains(kHttp, word)) return ir::Protocol::http;
  if (contains(kOpaqueNames, word)) return ir::Protocol::tcp;
  return std::nullopt;
}

}  // namespace

std::optional<ir::Protocol> annotated_protocol(const resources::Service& service,
                                               Diagnostics& diagnostics) {
  const auto written = find_annotation(service.meta, "protocol");
  if (!written) return std::nullopt;
  const std::string& value = written->value.value;
  if (contains(kHttp, value)) return ir::Protocol::http;
  if (value == "tcp" || value == "udp") return ir::Protocol::tcp;
  diagnostics.report("W53", written->value.span,
                     "`" + written->key + ": " + value + "` of Service `" +
                         service.meta.name.value + "` is not a protocol, so it changes nothing",
                     "write `http`, `tcp` or `udp`");
  return std::nullopt;
}

std::optional<ir::Protocol> protocol_of(const resources::ServicePort& port,
                                        std::optional<ir::Protocol> annotated) {
  if (port.protocol == "UDP") return ir::Protocol::udp;
  if (port.protocol != "TCP") return std::nullopt;
  if (annotated) return annotated;
  if (!port.app_protocol.empty()) {
    return contains(kHttp, lower_case(port.app_protocol)) ? ir::Protocol::http : ir::Protocol::tcp;
  }
  return named_protocol(port.name).value_or(ir::Protocol::http);
}

}  // namespace smic::model
