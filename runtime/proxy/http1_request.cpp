// SPDX-License-Identifier: Apache-2.0
// Request lines, targets and what makes a request ambiguous (RFC 9112 §3, §6.3).
#include <cstring>

#include "runtime/proxy/http1_scan.h"

namespace smic::proxy {
namespace {

constexpr std::size_t kMaxEmptyLines = 4;  // before a request line, as left by careless clients

// "METHOD SP target SP HTTP/1.x", without its CRLF.
ParseResult parse_version(std::string_view text, int& minor) {
  const bool shaped = text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.' &&
                      text[5] >= '0' && text[5] <= '9' && text[7] >= '0' && text[7] <= '9';
  if (!shaped) return refused(400, "the request line does not end in an HTTP version");
  if (text[5] != '1') return refused(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  minor = text[7] == '0' ? 0 : 1;
  return {};
}

ParseResult parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refused(400, "the request line is not METHOD TARGET VERSION");
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!is_token(head.method)) return refused(400, "the method is not a token");
  if (head.method.size() > kMaxMethodBytes) return refused(501, "the method is unknown");
  if (head.target.size() > kMaxTargetBytes) return refused(414, "the request target is too long");
  for (const char c : head.target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) {
      return refused(400, "the request target has a character that must be escaped");
    }
  }
  head.method_id = method_of(head.method);
  return parse_version(line.substr(last + 1), head.minor);
}

bool is_host(std::string_view text) {
  constexpr std::string_view kAlso = "-._~!$&'()*+,;=%:[]";
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && kAlso.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// Cuts the path out of an origin-form target.
void split_path(RequestHead& head) {
  head.path = head.forward.substr(0, head.forward.find_first_of("?#"));
}

// "http://authority/path?query". Whoever sends it to a server means the authority in it (§3.2.2).
ParseResult parse_absolute_form(RequestHead& head) {
  constexpr std::string_view kScheme = "http://";
  if (!equals_ignoring_case(head.target.substr(0, kScheme.size()), kScheme)) {
    return refused(400, "the request target is neither a path nor an http URI");
  }
  const std::string_view rest = head.target.substr(kScheme.size());
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  head.authority = rest.substr(0, end);
  head.absolute_form = true;
  if (head.authority.empty() || !is_host(head.authority)) {
    return refused(400, "the authority of the request target is malformed");
  }
  head.forward = rest.substr(end);
  split_path(head);
  if (head.path.empty()) head.path = "/";
  return {};
}

ParseResult parse_target(RequestHead& head) {
  head.absolute_form = false;
  head.forward = head.target;
  if (head.target.starts_with('/')) {
    split_path(head);
    return {};
  }
  if (head.method_id == contract::Method::kConnect) {
    return refused(501, "CONNECT is not offered: a mesh address already is its service");
  }
  if (head.target == "*") {
    if (head.method_id != contract::Method::kOptions) {
      return refused(400, "the target * belongs to OPTIONS");
    }
    head.path = head.target;
    return {};
  }
  return parse_absolute_form(head);
}

ParseResult read_request_fields(RequestHead& head) {
  const ParseResult framing = read_framing_fields(head, 400);
  if (framing.status == ParseStatus::bad) return framing;
  if (head.has_chunked) {
    head.framing = {BodyKind::chunked, 0};
  } else if (head.has_length && head.length > 0) {
    head.framing = {BodyKind::length, head.length};
  } else {
    head.framing = {};
  }
  const Field* host = nullptr;
  head.expects_continue = false;
  for (const Field& field : head.fields) {
    if (field.id == FieldId::host) {
      if (host != nullptr) return refused(400, "there is more than one Host header");
      host = &field;
    } else if (field.id == FieldId::expect && head.minor == 1) {
      head.expects_continue |= equals_ignoring_case(field.value, "100-continue");
    }
  }
  if (host == nullptr && head.minor == 1) return refused(400, "the Host header is missing");
  if (host != nullptr && !is_host(host->value)) return refused(400, "the Host header is malformed");
  if (!head.absolute_form) head.authority = host == nullptr ? std::string_view() : host->value;
  return {};
}

}  // namespace

const Field* Head::find(FieldId id) const {
  for (const Field& field : fields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

contract::Method method_of(std::string_view token) {
  using contract::Method;
  struct Known {
    std::string_view token;
    Method method;
  };
  static constexpr Known kKnown[] = {
      {"GET", Method::kGet},         {"POST", Method::kPost},     {"PUT", Method::kPut},
      {"HEAD", Method::kHead},       {"DELETE", Method::kDelete}, {"PATCH", Method::kPatch},
      {"OPTIONS", Method::kOptions}, {"TRACE", Method::kTrace},   {"CONNECT", Method::kConnect},
  };
  for (const Known& known : kKnown) {
    if (known.token == token) return known.method;
  }
  return Method::kOther;
}

bool HeadParser::may_be_complete(std::string_view bytes) {
  if (looked_at_ == 0) return true;
  const std::size_t from = looked_at_ < 3 ? 0 : looked_at_ - 3;
  return bytes.find("\n\r\n", from) != std::string_view::npos;
}

// The end has not come yet: wait, unless it is too late for that.
ParseResult HeadParser::incomplete(std::string_view bytes, int code_for_line,
                                   const char* why_line) {
  looked_at_ = bytes.size();
  if (bytes.size() < limits_.bytes) return {ParseStatus::need_more};
  if (bytes.find('\n') == std::string_view::npos) return refused(code_for_line, why_line);
  return refused(431, "the header section is too large");
}

ParseResult HeadParser::request(std::string_view bytes, RequestHead& head) {
  constexpr const char* kLongLine = "the request line is too long";
  if (!may_be_complete(bytes)) return incomplete(bytes, 414, kLongLine);
  std::size_t at = 0;
  while (at < 2 * kMaxEmptyLines && bytes.substr(at).starts_with("\r\n")) at += 2;
  const char* const begin = bytes.data() + at;
  const char* const end = bytes.data() + bytes.size();
  const char* const stop = find_control(begin, end);
  if (stop == end || stop + 1 == end) {
    if (stop - begin > static_cast<std::ptrdiff_t>(kMaxTargetBytes + kMaxMethodBytes + 10)) {
      return refused(414, kLongLine);
    }
    if (stop == end || *stop == '\r') return incomplete(bytes, 414, kLongLine);
  }
  if (*stop != '\r' || stop[1] != '\n') {
    return refused(400, "the request line has a control character");
  }
  ParseResult result = parse_request_line({begin, static_cast<std::size_t>(stop - begin)}, head);
  if (result.status == ParseStatus::done) result = parse_target(head);
  if (result.status != ParseStatus::done) return result;
  result = parse_fields(bytes, static_cast<std::size_t>(stop + 2 - bytes.data()), limits_, head);
  if (result.status == ParseStatus::need_more) return incomplete(bytes, 414, kLongLine);
  if (result.status == ParseStatus::done) result = read_request_fields(head);
  looked_at_ = 0;
  return result;
}

}  // namespace smic::proxy
