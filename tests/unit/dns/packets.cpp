// SPDX-License-Identifier: Apache-2.0
#include "packets.h"

#include <algorithm>

#include <ldns/ldns.h>  // the last one: it takes names of the standard library for its own

namespace smic::test {
namespace {

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

std::vector<std::string> lines(const ldns_rr_list* list) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    char* text = ldns_rr2str(ldns_rr_list_rr(list, i));
    std::string line(text);
    LDNS_FREE(text);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    std::ranges::replace(line, '\t', ' ');
    texts.push_back(std::move(line));
  }
  return texts;
}

}  // namespace

std::string bytes_of(const Question& question) {
  std::string out;
  put16(out, question.id);
  put16(out, question.flags);
  put16(out, 1);
  put16(out, 0);
  put16(out, 0);
  put16(out, question.edns_bytes < 0 ? 0 : 1);
  std::string_view rest = question.name;
  while (!rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    out += static_cast<char>(dot);
    out += rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  out += '\0';
  put16(out, question.type);
  put16(out, question.klass);
  if (question.edns_bytes < 0) return out;
  out += '\0';
  put16(out, 41);
  put16(out, static_cast<unsigned>(question.edns_bytes));
  put16(out, question.edns_version);
  put16(out, question.dnssec_ok ? 0x8000 : 0);
  put16(out, 0);
  return out;
}

Reading read(std::string_view reply) {
  Reading reading;
  ldns_pkt* packet = nullptr;
  const auto* data = reinterpret_cast<const std::uint8_t*>(reply.data());
  if (ldns_wire2pkt(&packet, data, reply.size()) != LDNS_STATUS_OK) return reading;
  reading.readable = true;
  reading.id = ldns_pkt_id(packet);
  reading.response = ldns_pkt_qr(packet);
  reading.edns = ldns_pkt_edns(packet);
  reading.rcode = ldns_pkt_get_rcode(packet) | ldns_pkt_edns_extended_rcode(packet) << 4;
  reading.authoritative = ldns_pkt_aa(packet);
  reading.truncated = ldns_pkt_tc(packet);
  reading.dnssec_ok = reading.edns && ldns_pkt_edns_do(packet);
  reading.question = lines(ldns_pkt_question(packet));
  reading.answer = lines(ldns_pkt_answer(packet));
  reading.authority = lines(ldns_pkt_authority(packet));
  reading.additional = lines(ldns_pkt_additional(packet));
  ldns_pkt_free(packet);
  return reading;
}

}  // namespace smic::test
