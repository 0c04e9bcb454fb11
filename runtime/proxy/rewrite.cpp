// SPDX-License-Identifier: Apache-2.0
// Heads as they are sent on: the lines as received, in their order, but for what belongs to one hop
// (RFC 9110 §7.6.1) and what frames the message, which is always written anew from what was
// understood. Lines that stay together are copied together.
//
// Added for the backend: X-Forwarded-For (appended to), -Proto and -Host (unless an ingress before
// us has set them). They inform; nobody here ever believes them. The client's Host is kept (D-20g).
// No Via: servers take it as a reason not to compress, and no other mesh sends it.
#include <charconv>

#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

// Appends lines, the adjacent ones in one go.
class LineRuns {
 public:
  explicit LineRuns(std::string& out) : out_(out) {}
  ~LineRuns() { flush(); }
  LineRuns(const LineRuns&) = delete;
  LineRuns& operator=(const LineRuns&) = delete;

  void keep(std::string_view line) {
    if (run_.data() + run_.size() == line.data()) {
      run_ = {run_.data(), run_.size() + line.size()};
    } else {
      flush();
      run_ = line;
    }
  }

 private:
  void flush() { out_.append(run_); }

  std::string& out_;
  std::string_view run_;
};

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

bool listed_in_connection(const Head& head, std::string_view name) {
  for (const std::string_view option : head.connection_options) {
    if (equals_ignoring_case(option, name)) return true;
  }
  return false;
}

bool mentions_trailers(const Head& head) {
  for (const Field& field : head.fields) {
    if (field.id == FieldId::te && field.value.find("trailers") != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Whether a line goes to the backend as it is.
bool request_line_stays(const RequestHead& head, const Field& field) {
  switch (field.id) {
    case FieldId::other:
      return head.connection_options.empty() || !listed_in_connection(head, field.name);
    case FieldId::connection:
    case FieldId::content_length:
    case FieldId::http2_settings:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::te:
    case FieldId::transfer_encoding:
    case FieldId::x_forwarded_for:
      return false;
    case FieldId::upgrade:
      return head.wants_upgrade;
    case FieldId::host:
      return !head.absolute_form;
    case FieldId::expect:
      return head.minor == 1;
    case FieldId::cookie:
    case FieldId::x_forwarded_host:
    case FieldId::x_forwarded_proto:
      return true;
  }
  return false;
}

void append_forwarded(const Session& session, const RequestHead& head, std::string& out) {
  bool has_host = false, has_proto = false;
  out += "X-Forwarded-For: ";
  for (const Field& field : head.fields) {
    has_host |= field.id == FieldId::x_forwarded_host;
    has_proto |= field.id == FieldId::x_forwarded_proto;
    if (field.id == FieldId::x_forwarded_for && !field.value.empty()) {
      out.append(field.value).append(", ");
    }
  }
  out.append(session.peer_ip).append("\r\n");
  if (!has_proto) out += "X-Forwarded-Proto: http\r\n";
  if (!has_host && !head.authority.empty()) {
    out.append("X-Forwarded-Host: ").append(head.authority).append("\r\n");
  }
}

void append_request_framing(const RequestHead& head, std::string& out) {
  if (head.has_chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (head.has_length) {
    out += "Content-Length: ";
    append_number(out, head.length);
    out += "\r\n";
  }
}

}  // namespace

void write_request_head(const Session& session, const RequestHead& head, std::string& out) {
  out.clear();
  out.append(head.method).append(" ");
  if (!head.forward.starts_with('/') && head.forward != "*") out += '/';
  out.append(head.forward).append(" HTTP/1.1\r\n");
  if (head.absolute_form || head.find(FieldId::host) == nullptr) {
    out.append("Host: ").append(head.authority).append("\r\n");
  }
  {
    LineRuns runs(out);
    for (const Field& field : head.fields) {
      if (request_line_stays(head, field)) runs.keep(field.line);
    }
  }
  append_forwarded(session, head, out);
  append_request_framing(head, out);
  if (head.wants_upgrade) {
    out += "Connection: upgrade\r\n";
  } else if (mentions_trailers(head)) {
    out += "TE: trailers\r\nConnection: TE\r\n";
  }
  out += "\r\n";
}

void write_response_head(const ResponseHead& head, ResponseShape shape, std::string& out) {
  const bool upgrading = head.status == 101;
  const bool bodiless = head.status < 200 || head.status == 204;
  out.clear();
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(head.status));
  out.append(" ").append(head.reason).append("\r\n");
  bool length_written = false;
  {
    LineRuns runs(out);
    for (const Field& field : head.fields) {
      switch (field.id) {
        case FieldId::connection:
        case FieldId::http2_settings:
        case FieldId::keep_alive:
        case FieldId::proxy_connection:
        case FieldId::te:
        case FieldId::transfer_encoding:
          break;
        case FieldId::upgrade:
          if (upgrading || head.status == 426) runs.keep(field.line);
          break;
        case FieldId::content_length:
          if (!bodiless && !std::exchange(length_written, true)) runs.keep(field.line);
          break;
        default:
          if (head.connection_options.empty() || !listed_in_connection(head, field.name)) {
            runs.keep(field.line);
          }
      }
    }
  }
  if (shape.chunked) out += "Transfer-Encoding: chunked\r\n";
  if (upgrading || (head.status == 426 && shape.keep_alive)) {
    out += "Connection: upgrade\r\n";
  } else if (!shape.keep_alive) {
    out += "Connection: close\r\n";
  } else if (shape.client_minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace smic::proxy
