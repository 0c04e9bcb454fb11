// SPDX-License-Identifier: Apache-2.0
// Heads, bodies and paths as any client may send them. Beyond not crashing: a head that is
// understood whole is understood the same when it comes in two parts, views stay inside the input,
// decoding a body does not depend on how it is cut, and normalising a path is a fixed point.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "runtime/proxy/http1.h"
#include "runtime/proxy/normalise.h"

using namespace smic::proxy;

namespace {

void expect_inside(std::string_view part, std::string_view whole) {
  SMIC_CHECK(part.empty() || (part.data() >= whole.data() &&
                              part.data() + part.size() <= whole.data() + whole.size()),
             "a view leaves the input");
}

std::string decode(Framing framing, std::string_view input, std::size_t piece,
                   BodyDecoder::Status& status) {
  BodyDecoder decoder(framing);
  std::string data;
  status = BodyDecoder::Status::more;
  while (!input.empty() && status == BodyDecoder::Status::more) {
    const BodyDecoder::Step step = decoder.next(input.substr(0, piece));
    expect_inside(step.data, input);
    SMIC_CHECK(step.used > 0 || step.status != BodyDecoder::Status::more, "no progress");
    data += step.data;
    status = step.status;
    input.remove_prefix(step.used);
  }
  return data;
}

void check_path(std::string_view path) {
  std::string scratch, again;
  const auto normal = normalise_path(path, scratch);
  if (!normal) return;
  const std::string once(*normal);
  const auto twice = normalise_path(once, again);
  SMIC_CHECK(twice && *twice == once, "normalising is not a fixed point");
}

void check_request(std::string_view input) {
  RequestHead head;
  if (HeadParser(HeadLimits{}).request(input, head).status != ParseStatus::done) return;
  SMIC_CHECK(head.size <= input.size(), "a head longer than the input");
  for (const Field& field : head.fields) expect_inside(field.line, input);
  expect_inside(head.method, input);
  check_path(head.path);
  RequestHead later;
  HeadParser parser{HeadLimits{}};
  const bool part_done =
      parser.request(input.substr(0, head.size / 2), later).status == ParseStatus::done;
  SMIC_CHECK(!part_done, "half a head is taken for a whole one");
  SMIC_CHECK(parser.request(input, later).status == ParseStatus::done, "in two parts: refused");
  SMIC_CHECK(later.size == head.size && later.framing == head.framing, "in two parts: different");
  BodyDecoder::Status whole{}, cut{};
  const std::string_view body = input.substr(head.size);
  const std::string at_once = decode(head.framing, body, body.size(), whole);
  SMIC_CHECK(at_once == decode(head.framing, body, 1, cut) && whole == cut, "cut body differs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_request(input);
  ResponseHead response;
  for (const bool to_head : {false, true}) {
    const ParseResult result = HeadParser(HeadLimits{}).response(input, to_head, response);
    SMIC_CHECK(result.status != ParseStatus::bad || result.code == 502, "not a bad gateway");
  }
  check_path(input);
  return 0;
}
