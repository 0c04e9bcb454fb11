// SPDX-License-Identifier: Apache-2.0
// Bytes to and from a server, with a deadline on every wait: plain, and through TLS on top of any
// other stream. The TLS engine works on buffers, so that there is one place that waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http/fault.h"
#include "http/stop.h"

namespace smic::http {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

class Stream {
 public:
  virtual ~Stream() = default;

  virtual Outcome<std::size_t> read(std::span<char> into, Deadline deadline) = 0;  // 0 = closed
  virtual Outcome<void> write(std::string_view bytes, Deadline deadline) = 0;
};

// A peer that vanishes without a word is noticed while nothing is sent, too (keep-alive).
Outcome<std::unique_ptr<Stream>> dial(const std::string& host, std::uint16_t port,
                                      Deadline deadline, const Stop& stop);

struct TlsOptions {
  std::string server_name;  // a DNS name or address that the server's certificate must name
  std::string authorities;  // PEM; empty = those of the system
  std::string certificate;  // PEM chain, ours first; empty = none
  std::string key;          // PEM
};

// TLS 1.2 or later, the server always verified, HTTP/1.1 asked for.
Outcome<std::unique_ptr<Stream>> secure(std::unique_ptr<Stream> under, const TlsOptions& options,
                                        Deadline deadline);

}  // namespace smic::http
