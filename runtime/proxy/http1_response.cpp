// SPDX-License-Identifier: Apache-2.0
// Status lines, and how the end of a response's body is known (RFC 9112 §4, §6.3).
#include "runtime/proxy/http1_scan.h"

namespace smic::proxy {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.x SP 3DIGIT [SP reason]", without its CRLF.
bool parse_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is_digit(line[7]) || line[8] != ' ' ||
      !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) {
    return false;
  }
  if (line.size() > 12 && line[12] != ' ') return false;
  head.minor = line[7] == '0' ? 0 : 1;
  head.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return head.status >= 100;
}

void read_body_framing(bool to_head, ResponseHead& head) {
  const bool never_a_body = head.status < 200 || head.status == 204 || head.status == 304;
  if (to_head || never_a_body) {
    head.framing = {};
  } else if (head.has_chunked) {
    head.framing = {BodyKind::chunked, 0};
  } else if (head.has_length) {
    head.framing = head.length > 0 ? Framing{BodyKind::length, head.length} : Framing{};
  } else {
    head.framing = {BodyKind::until_close, 0};
    head.keep_alive = false;
  }
}

}  // namespace

ParseResult HeadParser::response(std::string_view bytes, bool to_head, ResponseHead& head) {
  constexpr const char* kLongLine = "the status line is too long";
  if (!may_be_complete(bytes)) return incomplete(bytes, 502, kLongLine);
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* const stop = find_control(begin, end);
  if (stop == end || (*stop == '\r' && stop + 1 == end)) return incomplete(bytes, 502, kLongLine);
  if (*stop != '\r' || stop[1] != '\n') return refused(502, "the status line has a control byte");
  if (!parse_status_line({begin, static_cast<std::size_t>(stop - begin)}, head)) {
    return refused(502, "the status line is malformed");
  }
  ParseResult result =
      parse_fields(bytes, static_cast<std::size_t>(stop + 2 - begin), limits_, head);
  if (result.status == ParseStatus::need_more) return incomplete(bytes, 502, kLongLine);
  if (result.status == ParseStatus::done) result = read_framing_fields(head, 502);
  looked_at_ = 0;
  if (result.status != ParseStatus::done) return refused(502, result.why);
  read_body_framing(to_head, head);
  return {};
}

}  // namespace smic::proxy
