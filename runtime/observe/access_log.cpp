// SPDX-License-Identifier: Apache-2.0
#include "runtime/observe/access_log.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/log.h"

namespace smic::observe {
namespace {

constexpr std::size_t kFlushBytes = 32 * 1024;

std::string now() {
  const auto time = std::chrono::system_clock::now();
  const std::time_t whole = std::chrono::system_clock::to_time_t(time);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&whole, &utc);
  char text[64];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(millis));
  return text;
}

std::string quoted(std::string_view text) {
  return text.empty() ? "-" : "\"" + json_escape(text) + "\"";
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : json_escape(text); }

std::string render_text(std::string_view time, const AccessRecord& r) {
  const std::string what = r.protocol == "http" ? json_escape(r.method) + " " + json_escape(r.path)
                                                : std::string(r.protocol);
  return std::string(time) + " " + std::string(r.source) + " " + or_dash(r.identity) + " \"" +
         what + "\" " + std::to_string(r.status) + " " + or_dash(r.unit) + " " + quoted(r.route) +
         " " + or_dash(r.backend) + " " + or_dash(r.endpoint) + " " + std::to_string(r.received) +
         " " + std::to_string(r.sent) + " " + std::to_string(r.micros) + "us " + or_dash(r.policy) +
         " " + quoted(r.reason) + "\n";
}

std::string render_json(std::string_view time, const AccessRecord& r) {
  std::string out = "{\"time\":\"" + std::string(time) + "\"";
  const auto text = [&](const char* name, std::string_view value) {
    out += std::string(",\"") + name + "\":\"" + json_escape(value) + "\"";
  };
  const auto number = [&](const char* name, std::uint64_t value) {
    out += std::string(",\"") + name + "\":" + std::to_string(value);
  };
  text("source", r.source);
  text("identity", r.identity);
  text("protocol", r.protocol);
  text("method", r.method);
  text("path", r.path);
  number("status", static_cast<std::uint64_t>(r.status));
  text("unit", r.unit);
  text("route", r.route);
  text("backend", r.backend);
  text("endpoint", r.endpoint);
  number("received", r.received);
  number("sent", r.sent);
  number("micros", r.micros);
  text("policy", r.policy);
  text("reason", r.reason);
  return out + "}\n";
}

}  // namespace

std::string render(AccessFormat format, std::string_view time, const AccessRecord& record) {
  return format == AccessFormat::json ? render_json(time, record) : render_text(time, record);
}

void AccessLog::write(const AccessRecord& record) {
  if (!on()) return;
  lines_ += render(format_, now(), record);
  if (lines_.size() >= kFlushBytes) flush();
}

void AccessLog::flush() {
  std::string_view left = lines_;
  while (!left.empty()) {
    const ssize_t wrote = ::write(fd_, left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;  // nobody reads: lines are lost, traffic is not
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  lines_.clear();
}

}  // namespace smic::observe
