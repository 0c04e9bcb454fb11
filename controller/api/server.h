// SPDX-License-Identifier: Apache-2.0
// The controller's HTTP server: HTTP/1.1 by TLS, and plain HTTP on an address of its own for what
// is no secret (health, metrics).
//
// One thread moves bytes, a few run handlers. Everything that a client can make us hold is bounded:
// connections, heads, bodies (each, and all together), what a stream has waiting, and the time for
// each of them. A client certificate is asked for and never demanded: the handler sees whether one
// of our authorities vouches for it, and decides.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "controller/api/route.h"

namespace smic::api {

struct ServerOptions {
  std::string secure;  // "ADDRESS:PORT"; port 0 = any; empty = no such address
  std::string plain;
  unsigned handler_threads = 2;
  std::size_t max_connections = 2048;
  std::size_t max_head = std::size_t{64} << 10;
  std::size_t max_bodies = std::size_t{256} << 20;  // of all requests at once
  std::chrono::milliseconds head_time{10'000};      // TLS and head, once it began
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds idle_time{
      120'000};  // longer than Go keeps connections: it closes first
  std::chrono::milliseconds write_time{30'000};
};

// What was answered: by path of the route (empty = none fits) and status.
struct RouteFigures {
  std::uint64_t requests = 0;
  double seconds = 0;  // in handlers
};
struct ServerFigures {
  std::map<std::pair<std::string, int>, RouteFigures> answered;
  std::size_t connections = 0;
  std::size_t streams = 0;
  std::uint64_t refused_connections = 0;  // over the limit
  std::uint64_t failed_handshakes = 0;
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> start(ServerOptions options, std::vector<Route> routes);

  virtual ~Server() = default;  // stops at once

  // As bound; empty if not asked for.
  virtual std::string secure_address() const = 0;
  virtual std::string plain_address() const = 0;

  // Both in PEM, ours first in the chain. Connections from now on use them; until the first call,
  // those by TLS are closed. What is no good is refused, and the last good stays.
  virtual Result<void> use_certificate(const std::string& chain, const std::string& key) = 0;
  // The authorities (PEM, several allowed) known by this name; empty = none any more.
  virtual Result<void> trust_clients(const std::string& name, const std::string& authorities) = 0;

  virtual ServerFigures figures() const = 0;

  // Takes no more connections, ends streams, lets requests that are being answered finish for up
  // to `grace`. Nothing is answered after it returns.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace smic::api
