// SPDX-License-Identifier: Apache-2.0
#include "runtime/proxy/http1_scan.h"

#include <array>
#include <charconv>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace smic::proxy {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

struct KnownField {
  std::string_view name;
  FieldId id;
};
constexpr std::array kKnownFields = {
    KnownField{"te", FieldId::te},
    KnownField{"host", FieldId::host},
    KnownField{"cookie", FieldId::cookie},
    KnownField{"expect", FieldId::expect},
    KnownField{"upgrade", FieldId::upgrade},
    KnownField{"connection", FieldId::connection},
    KnownField{"keep-alive", FieldId::keep_alive},
    KnownField{"content-length", FieldId::content_length},
    KnownField{"http2-settings", FieldId::http2_settings},
    KnownField{"x-forwarded-for", FieldId::x_forwarded_for},
    KnownField{"x-forwarded-host", FieldId::x_forwarded_host},
    KnownField{"proxy-connection", FieldId::proxy_connection},
    KnownField{"transfer-encoding", FieldId::transfer_encoding},
    KnownField{"x-forwarded-proto", FieldId::x_forwarded_proto},
};

constexpr std::uint32_t known_lengths() {
  std::uint32_t lengths = 0;
  for (const KnownField& known : kKnownFields) lengths |= 1u << known.name.size();
  return lengths;
}

FieldId identify(std::string_view name) {
  if (name.size() >= 32 || (known_lengths() >> name.size() & 1) == 0) return FieldId::other;
  for (const KnownField& known : kKnownFields) {
    if (known.name.size() == name.size() && equals_ignoring_case(known.name, name)) {
      return known.id;
    }
  }
  return FieldId::other;
}

std::string_view trim(const char* begin, const char* end) {
  while (begin < end && (*begin == ' ' || *begin == '\t')) ++begin;
  while (begin < end && (end[-1] == ' ' || end[-1] == '\t')) --end;
  return {begin, static_cast<std::size_t>(end - begin)};
}

// One field line that begins at `line`. Sets `next` behind its CRLF.
ParseResult parse_field(const char* line, const char* end, Field& field, const char*& next) {
  const char* colon = line;
  while (colon < end && kToken[static_cast<unsigned char>(*colon)]) ++colon;
  if (colon == end) return {ParseStatus::need_more};
  if (*colon != ':' || colon == line) {
    if (*line == ' ' || *line == '\t') return refused(400, "a header line is folded");
    if (*colon == ' ' || *colon == '\t') {
      return refused(400, "white space between a header name and its colon");
    }
    return refused(400, "a header name has a character that is not allowed");
  }
  const char* stop = find_control(colon + 1, end);
  if (stop == end) return {ParseStatus::need_more};
  if (*stop != '\r') return refused(400, "a header value has a control character");
  if (stop + 1 == end) return {ParseStatus::need_more};
  if (stop[1] != '\n') return refused(400, "a carriage return without its line feed");
  next = stop + 2;
  field.name = {line, static_cast<std::size_t>(colon - line)};
  field.value = trim(colon + 1, stop);
  field.line = {line, static_cast<std::size_t>(next - line)};
  field.id = identify(field.name);
  return {};
}

ParseResult read_length(const Field& field, Head& head, int code) {
  std::uint64_t value = 0;
  const char* begin = field.value.data();
  const char* end = begin + field.value.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || stop != end) return refused(code, "Content-Length is not a number");
  if (head.has_length && head.length != value) {
    return refused(code, "two Content-Length headers differ");
  }
  head.has_length = true;
  head.length = value;
  return {};
}

void read_connection(const Field& field, Head& head, bool& close, bool& keep, bool& upgrade) {
  for_each_member(field.value, [&](std::string_view option) {
    if (equals_ignoring_case(option, "close")) {
      close = true;
    } else if (equals_ignoring_case(option, "keep-alive")) {
      keep = true;
    } else if (equals_ignoring_case(option, "upgrade")) {
      upgrade = true;
    } else {
      head.connection_options.push_back(option);
    }
  });
}

}  // namespace

bool is_token_char(char c) { return kToken[static_cast<unsigned char>(c)]; }

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

const char* find_control(const char* begin, const char* end) {
#if defined(__SSE2__)
  // Sixteen at a time: values are most of a head's bytes, and control bytes end them.
  const __m128i highest_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - begin >= 16; begin += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(begin));
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest_control), bytes);
    const __m128i control =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
    const int mask = _mm_movemask_epi8(control);
    if (mask != 0) return begin + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  while (begin < end && !is_control(*begin)) ++begin;
  return begin;
}

ParseResult parse_fields(std::string_view bytes, std::size_t at, const HeadLimits& limits,
                         Head& head) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* line = begin + at;
  head.fields.clear();
  for (;;) {
    if (line == end) return {ParseStatus::need_more};
    if (*line == '\r') {
      if (line + 1 == end) return {ParseStatus::need_more};
      if (line[1] != '\n') return refused(400, "a carriage return without its line feed");
      head.size = static_cast<std::size_t>(line + 2 - begin);
      if (head.size > limits.bytes) return refused(431, "the header section is too large");
      return {};
    }
    if (*line == '\n') return refused(400, "a line feed without its carriage return");
    Field field;
    const ParseResult result = parse_field(line, end, field, line);
    if (result.status != ParseStatus::done) return result;
    if (head.fields.size() == limits.fields) return refused(431, "there are too many headers");
    head.fields.push_back(field);
  }
}

ParseResult read_framing_fields(Head& head, int code) {
  bool close = false, keep = false, upgrade = false, has_upgrade = false, has_encoding = false;
  int chunked = 0, codings = 0;
  bool chunked_last = false;
  head.connection_options.clear();
  head.has_length = false;
  head.length = 0;
  for (const Field& field : head.fields) {
    switch (field.id) {
      case FieldId::connection:
        read_connection(field, head, close, keep, upgrade);
        break;
      case FieldId::upgrade:
        // We do not take part in the upgrade to HTTP/2; without it the request is an ordinary one.
        has_upgrade |= !field.value.empty() && !equals_ignoring_case(field.value, "h2c");
        break;
      case FieldId::content_length: {
        const ParseResult result = read_length(field, head, code);
        if (result.status == ParseStatus::bad) return result;
        break;
      }
      case FieldId::transfer_encoding:
        has_encoding = true;
        for_each_member(field.value, [&](std::string_view coding) {
          ++codings;
          chunked_last = equals_ignoring_case(coding, "chunked");
          chunked += chunked_last ? 1 : 0;
        });
        break;
      default:
        break;
    }
  }
  head.keep_alive = head.minor == 0 ? keep && !close : !close;
  head.wants_upgrade = upgrade && has_upgrade && head.minor == 1;
  head.has_chunked = has_encoding;
  if (!has_encoding) return {};
  if (head.minor == 0) return refused(code, "Transfer-Encoding in HTTP/1.0");
  if (head.has_length) return refused(code, "both Content-Length and Transfer-Encoding");
  if (!chunked_last || chunked != 1) {
    return refused(code, "Transfer-Encoding does not end in chunked, once");
  }
  if (codings != 1) {
    return refused(code == 400 ? 501 : code, "a transfer coding other than chunked");
  }
  return {};
}

}  // namespace smic::proxy
