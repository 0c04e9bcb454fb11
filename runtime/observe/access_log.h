// SPDX-License-Identifier: Apache-2.0
// One line per request, TCP connection and UDP flow on stdout. A worker collects lines and writes
// them in large pieces, at the latest at its next tick, so that logging costs no system call per
// request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace smic::observe {

enum class AccessFormat { off, text, json };

struct AccessRecord {
  std::string_view source;    // address of the caller
  std::string_view identity;  // "namespace/serviceaccount", or empty
  std::string_view protocol = "http";
  std::string_view method;  // of HTTP, as is the path
  std::string_view path;
  int status = 0;
  std::string_view unit;   // "namespace/name:port"
  std::string_view route;  // "TrafficSplit shop/reviews-canary (split.yaml:12)"
  std::string_view backend;
  std::string_view endpoint;
  std::uint64_t received = 0;  // bytes of bodies, or of streams and datagrams
  std::uint64_t sent = 0;
  std::uint64_t micros = 0;
  std::string_view policy;  // route policies that acted: "retry-attempts,request-timeout"
  std::string_view reason;  // why the proxy itself answered or cut it short; empty otherwise
};

class AccessLog {
 public:
  AccessLog(AccessFormat format, int fd) : format_(format), fd_(fd) {}
  ~AccessLog() { flush(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  bool on() const { return format_ != AccessFormat::off; }
  void write(const AccessRecord& record);
  void flush();

 private:
  AccessFormat format_;
  int fd_;
  std::string lines_;
};

// The line itself, for the current time given as "2026-01-02T03:04:05.678Z".
std::string render(AccessFormat format, std::string_view time, const AccessRecord& record);

}  // namespace smic::observe
