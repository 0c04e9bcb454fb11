// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "base/utf8.h"

namespace smic {
namespace {

std::atomic<LogFormat> g_format{LogFormat::text};
std::atomic<LogLevel> g_least{LogLevel::info};

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char whole[48];
  std::snprintf(whole, sizeof whole, "%s.%03dZ", date, static_cast<int>(millis));
  return whole;
}

}  // namespace

std::string json_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char first = text[0];
    if (length == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (first == '"' || first == '\\') {
      out += '\\';
      out += first;
    } else if (static_cast<unsigned char>(first) < 0x20 || first == 0x7F) {  // DEL: JSON is YAML
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(first));
      out += escaped;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

void configure_log(LogFormat format, LogLevel least) {
  g_format = format;
  g_least = least;
}

void log_line(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (level < g_least.load(std::memory_order_relaxed)) return;
  std::string line;
  if (g_format.load(std::memory_order_relaxed) == LogFormat::json) {
    line = "{\"time\":\"" + timestamp() + "\",\"level\":\"" + std::string(name_of(level)) +
           "\",\"event\":\"" + json_escape(event) + '"';
    for (const LogField& field : fields) {
      line += ",\"" + json_escape(field.name) + "\":\"" + json_escape(field.value) + '"';
    }
    line += "}\n";
  } else {
    line = timestamp() + ' ' + std::string(name_of(level)) + ": " + std::string(event);
    for (const LogField& field : fields) {
      line += ' ' + std::string(field.name) + "=\"" + json_escape(field.value) + '"';
    }
    line += '\n';
  }
  // One write per line, so that lines of several threads do not mix.
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace smic
