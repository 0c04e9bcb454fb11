// SPDX-License-Identifier: Apache-2.0
// One line per event on stderr. Daemons log little: start, change, refusal. The access log is
// not this; it belongs to runtime/observe.
//
//   log_info("listening", {{"address", "127.0.0.2:80"}, {"unit", "shop/web:80"}});
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace smic {

enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

struct LogField {
  std::string_view name;
  std::string value;
};

void configure_log(LogFormat format, LogLevel least);

void log_line(LogLevel level, std::string_view event, std::span<const LogField> fields);
inline void log_line(LogLevel level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  log_line(level, event, std::span(fields.begin(), fields.size()));
}

inline void log_debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_line(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_line(LogLevel::info, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_line(LogLevel::warning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log_line(LogLevel::error, event, fields);
}

// `text` as the inside of a JSON string, without the quotes. Bytes that are not UTF-8 become
// U+FFFD.
std::string json_escape(std::string_view text);

}  // namespace smic
