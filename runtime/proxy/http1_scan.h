// SPDX-License-Identifier: Apache-2.0
// Reading lines of bytes, for the parsers of http1.h.
#pragma once

#include <string_view>

#include "runtime/proxy/http1.h"

namespace smic::proxy {

bool is_token_char(char c);
bool is_token(std::string_view text);

// The first control byte in [begin, end) but HTAB; `end` if there is none.
const char* find_control(const char* begin, const char* end);

// The lines of a head from `at` on, up to and with the empty line: fills fields and size.
ParseResult parse_fields(std::string_view bytes, std::size_t at, const HeadLimits& limits,
                         Head& head);

// Reads Connection, Content-Length and Transfer-Encoding into `head`. `code` is what a bad one
// means: 400 from a client, 502 from upstream.
ParseResult read_framing_fields(Head& head, int code);

// Calls `each` with every non-empty member of a comma-separated list.
template <class F>
void for_each_member(std::string_view list, F each) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view member = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!member.empty() && (member.front() == ' ' || member.front() == '\t')) {
      member.remove_prefix(1);
    }
    while (!member.empty() && (member.back() == ' ' || member.back() == '\t')) {
      member.remove_suffix(1);
    }
    if (!member.empty()) each(member);
  }
}

inline ParseResult refused(int code, const char* why) { return {ParseStatus::bad, code, why}; }

}  // namespace smic::proxy
