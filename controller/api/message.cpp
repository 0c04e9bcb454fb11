// SPDX-License-Identifier: Apache-2.0
#include "controller/api/message.h"

#include <algorithm>
#include <cctype>

#include "base/log.h"

namespace smic::api {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const Header& header) { return same_name(header.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::optional<std::string> Request::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode_percent(pair.substr(0, equals)) != name) continue;
    return decode_percent(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

std::string decode_percent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size();
    const int high = escape ? hex_digit(text[i + 1]) : -1;
    const int low = escape ? hex_digit(text[i + 2]) : -1;
    if (high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

Response status_response(int code, std::string_view reason, std::string_view message) {
  const bool good = code < 400;
  Response response{code};
  response.body = R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":")" +
                  std::string(good ? "Success" : "Failure") + R"(","message":")" +
                  json_escape(message) + R"(","reason":")" + json_escape(reason) + R"(","code":)" +
                  std::to_string(code) + "}\n";
  return response;
}

}  // namespace smic::api
