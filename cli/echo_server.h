// SPDX-License-Identifier: Apache-2.0
// The backend behind `smic echo`: answers, and says who answered. One thread; it is the other end
// of demos and tests, not a thing to measure. Asio's and Beast's door in cli/.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace smic::cli {

enum class EchoProtocol { http, tcp, udp };

struct EchoOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  EchoProtocol protocol = EchoProtocol::http;
  std::string name = "echo";
  unsigned status = 200;
  std::chrono::milliseconds delay{0};  // before an HTTP answer
};

// Serves until SIGINT or SIGTERM. `bound` hears the address, once.
Result<void> serve_echo(const EchoOptions& options,
                        const std::function<void(const std::string& address)>& bound);

}  // namespace smic::cli
