// SPDX-License-Identifier: Apache-2.0
// The rules, all of them allow-lists:
//   file         64-bit little-endian relocatable ELF for the target's machine
//   sections     code (alloc, exec), read-only data (alloc), relocations of code, one symbol table
//                and string tables; an empty .note.GNU-stack. Nothing writable, no exec data, no
//                constructors, no thread-local or zero-initialised data
//   symbols      all defined, inside their sections; exported are exactly the two functions and
//                the tables
//   relocations  only in code, position-independent, of the few kinds that the targets need
//
// Every structure is copied out before it is read (no alignment is assumed) and every offset is
// compared without a sum that could overflow.
//
// Tested by tests/unit/codegen/object_test.cpp and tests/fuzz/fuzz_image.cpp.
#include "contract/object.h"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace smic::contract {
namespace {

// An error says only "object has …"; which image it is, the caller knows.
std::unexpected<Error> refuse(const std::string& what) { return fail("object has " + what); }

struct Machine {
  std::string_view target_prefix;
  std::uint16_t machine;
  std::vector<std::uint32_t> relocations;
};

const Machine* machine_of(std::string_view target) {
  static const Machine machines[] = {
      {"x86_64", EM_X86_64, {R_X86_64_PC32, R_X86_64_PLT32}},
      {"aarch64",
       EM_AARCH64,
       {R_AARCH64_ADR_PREL_PG_HI21, R_AARCH64_ADD_ABS_LO12_NC, R_AARCH64_LDST8_ABS_LO12_NC,
        R_AARCH64_LDST16_ABS_LO12_NC, R_AARCH64_LDST32_ABS_LO12_NC, R_AARCH64_LDST64_ABS_LO12_NC,
        R_AARCH64_LDST128_ABS_LO12_NC, R_AARCH64_CALL26, R_AARCH64_JUMP26}},
  };
  for (const Machine& machine : machines) {
    if (target.starts_with(machine.target_prefix)) return &machine;
  }
  return nullptr;
}

class Checker {
 public:
  Checker(std::span<const std::byte> object, const Machine& machine)
      : object_(object), machine_(machine) {}

  Result<ObjectLayout> run() {
    for (const auto step : {&Checker::check_file, &Checker::check_sections, &Checker::check_symbols,
                            &Checker::check_relocations}) {
      if (const auto checked = (this->*step)(); !checked) return std::unexpected(checked.error());
    }
    if (!has_match_ || !has_split_ || tables_.empty()) {
      return refuse("not all of smic_v1_match, smic_v1_split and smic_v1_tables");
    }
    return ObjectLayout{tables_};
  }

 private:
  bool inside(std::uint64_t offset, std::uint64_t size) const {
    return offset <= object_.size() && size <= object_.size() - offset;
  }
  // `offset` was found to be inside.
  template <class T>
  T at(std::uint64_t offset) const {
    T value;
    std::memcpy(&value, object_.data() + offset, sizeof value);
    return value;
  }

  static bool is_code(const Elf64_Shdr& section) {
    return section.sh_flags == (SHF_ALLOC | SHF_EXECINSTR);
  }
  static bool is_data(const Elf64_Shdr& section) {
    return (section.sh_flags & ~std::uint64_t{SHF_MERGE | SHF_STRINGS}) == SHF_ALLOC;
  }
  static bool is_loaded(const Elf64_Shdr& section) {
    return section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_ALLOC) != 0;
  }

  Result<void> check_file();
  Result<void> check_sections();
  Result<void> check_section(const Elf64_Shdr& section);
  Result<void> check_symbols();
  Result<void> check_symbol(const Elf64_Sym& symbol, const Elf64_Shdr& strings);
  Result<void> check_export(const Elf64_Sym& symbol, std::string_view name);
  Result<void> check_relocations();
  Result<void> check_relocation(const Elf64_Rela& relocation, const Elf64_Shdr& code);

  // The text at `index` of a string table, if it ends inside it.
  std::optional<std::string_view> text(const Elf64_Shdr& strings, std::uint64_t index) const;

  std::span<const std::byte> object_;
  const Machine& machine_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
  const Elf64_Shdr* symbols_ = nullptr;
  bool has_match_ = false, has_split_ = false;
  std::span<const std::byte> tables_;
};

std::optional<std::string_view> Checker::text(const Elf64_Shdr& strings,
                                              std::uint64_t index) const {
  if (index >= strings.sh_size) return std::nullopt;
  const auto* first = reinterpret_cast<const char*>(object_.data()) + strings.sh_offset + index;
  const void* end = std::memchr(first, 0, strings.sh_size - index);
  if (!end) return std::nullopt;
  return std::string_view(first, static_cast<const char*>(end));
}

Result<void> Checker::check_file() {
  if (!inside(0, sizeof header_)) return refuse("no whole ELF header");
  header_ = at<Elf64_Ehdr>(0);
  if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) return refuse("no ELF magic");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
      header_.e_type != ET_REL) {
    return refuse("a form other than 64-bit little-endian relocatable");
  }
  if (header_.e_machine != machine_.machine) return refuse("code for another machine");
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum == 0 ||
      header_.e_shnum > kMaxObjectSections || header_.e_shstrndx >= header_.e_shnum ||
      !inside(header_.e_shoff, header_.e_shnum * sizeof(Elf64_Shdr))) {
    return refuse("a bad section table");
  }
  if (header_.e_phnum != 0) return refuse("program headers");
  return {};
}

Result<void> Checker::check_sections() {
  for (std::size_t i = 0; i < header_.e_shnum; ++i) {
    sections_.push_back(at<Elf64_Shdr>(header_.e_shoff + i * sizeof(Elf64_Shdr)));
  }
  if (sections_[0].sh_type != SHT_NULL) return refuse("a first section that is not null");
  if (sections_[header_.e_shstrndx].sh_type != SHT_STRTAB) return refuse("no section names");
  for (std::size_t i = 1; i < sections_.size(); ++i) {
    if (!inside(sections_[i].sh_offset, sections_[i].sh_size)) {
      return refuse("a section outside the file");
    }
  }
  for (std::size_t i = 1; i < sections_.size(); ++i) {
    if (const auto checked = check_section(sections_[i]); !checked) return checked;
  }
  if (!symbols_) return refuse("no symbol table");
  return {};
}

Result<void> Checker::check_section(const Elf64_Shdr& section) {
  const auto name = text(sections_[header_.e_shstrndx], section.sh_name);
  if (!name) return refuse("a section without a name");
  const bool is_stack_note = *name == ".note.GNU-stack";
  switch (section.sh_type) {
    case SHT_PROGBITS:
      if (is_stack_note && section.sh_size == 0 && section.sh_flags == 0) return {};
      if (!is_code(section) && !is_data(section)) {
        return refuse("section " + std::string(*name) +
                      ", which is neither code nor read-only data");
      }
      if (section.sh_addralign > kMaxSectionAlignment ||
          (section.sh_addralign != 0 && !std::has_single_bit(section.sh_addralign))) {
        return refuse("a section with a bad alignment");
      }
      return {};
    case SHT_SYMTAB:
      if (symbols_) return refuse("two symbol tables");
      symbols_ = &section;
      return {};
    case SHT_STRTAB:
      return {};
    case SHT_RELA:
      return {};
    default:
      return refuse("section " + std::string(*name) + " of a type that is not allowed");
  }
}

Result<void> Checker::check_symbols() {
  const std::size_t count = symbols_->sh_size / sizeof(Elf64_Sym);
  if (symbols_->sh_entsize != sizeof(Elf64_Sym) || symbols_->sh_size % sizeof(Elf64_Sym) != 0 ||
      count == 0 || count > kMaxObjectSymbols || symbols_->sh_info > count ||
      symbols_->sh_link >= sections_.size() || sections_[symbols_->sh_link].sh_type != SHT_STRTAB) {
    return refuse("a bad symbol table");
  }
  for (std::size_t i = 1; i < count; ++i) {
    const auto symbol = at<Elf64_Sym>(symbols_->sh_offset + i * sizeof(Elf64_Sym));
    const bool is_local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
    if (is_local != (i < symbols_->sh_info)) return refuse("symbols out of order");
    if (const auto checked = check_symbol(symbol, sections_[symbols_->sh_link]); !checked) {
      return checked;
    }
  }
  return {};
}

Result<void> Checker::check_symbol(const Elf64_Sym& symbol, const Elf64_Shdr& strings) {
  const auto name = text(strings, symbol.st_name);
  if (!name) return refuse("a symbol without a name");
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  if (type == STT_FILE && symbol.st_shndx == SHN_ABS && binding == STB_LOCAL) return {};
  if (symbol.st_shndx == SHN_UNDEF) {
    return refuse("the undefined symbol `" + std::string(*name) + "`");
  }
  if (symbol.st_shndx >= sections_.size() || !is_loaded(sections_[symbol.st_shndx])) {
    return refuse("a symbol outside code and data");
  }
  const Elf64_Shdr& section = sections_[symbol.st_shndx];
  if (symbol.st_value > section.sh_size || symbol.st_size > section.sh_size - symbol.st_value) {
    return refuse("a symbol that reaches beyond its section");
  }
  if (type != STT_NOTYPE && type != STT_OBJECT && type != STT_FUNC && type != STT_SECTION) {
    return refuse("a symbol of a type that is not allowed");
  }
  if (binding == STB_LOCAL) return {};
  return check_export(symbol, *name);
}

Result<void> Checker::check_export(const Elf64_Sym& symbol, std::string_view name) {
  const Elf64_Shdr& section = sections_[symbol.st_shndx];
  const auto is = [&](std::string_view wanted, unsigned type, bool right_section) {
    return name == wanted && ELF64_ST_BIND(symbol.st_info) == STB_GLOBAL &&
           ELF64_ST_TYPE(symbol.st_info) == type && right_section;
  };
  if (is("smic_v1_match", STT_FUNC, is_code(section)) && !has_match_) {
    has_match_ = true;
  } else if (is("smic_v1_split", STT_FUNC, is_code(section)) && !has_split_) {
    has_split_ = true;
  } else if (is("smic_v1_tables", STT_OBJECT, is_data(section)) && tables_.empty()) {
    tables_ = object_.subspan(section.sh_offset + symbol.st_value, symbol.st_size);
  } else {
    return refuse("the unexpected symbol `" + std::string(name) + "`");
  }
  return {};
}

Result<void> Checker::check_relocations() {
  for (const Elf64_Shdr& section : sections_) {
    if (section.sh_type != SHT_RELA) continue;
    if (section.sh_entsize != sizeof(Elf64_Rela) || section.sh_size % sizeof(Elf64_Rela) != 0 ||
        section.sh_info >= sections_.size() || !is_loaded(sections_[section.sh_info]) ||
        !is_code(sections_[section.sh_info]) || section.sh_link >= sections_.size() ||
        &sections_[section.sh_link] != symbols_) {
      return refuse("relocations of something that is not code");
    }
    for (std::uint64_t at_byte = 0; at_byte < section.sh_size; at_byte += sizeof(Elf64_Rela)) {
      const auto relocation = at<Elf64_Rela>(section.sh_offset + at_byte);
      const auto checked = check_relocation(relocation, sections_[section.sh_info]);
      if (!checked) return checked;
    }
  }
  return {};
}

Result<void> Checker::check_relocation(const Elf64_Rela& relocation, const Elf64_Shdr& code) {
  constexpr std::uint64_t kPatched = 4;  // bytes; every allowed kind patches one 32-bit word
  const auto kind = static_cast<std::uint32_t>(ELF64_R_TYPE(relocation.r_info));
  const std::uint64_t symbol = ELF64_R_SYM(relocation.r_info);
  if (std::ranges::find(machine_.relocations, kind) == machine_.relocations.end()) {
    return refuse("a relocation of kind " + std::to_string(kind) + ", which is not allowed");
  }
  if (relocation.r_offset > code.sh_size || kPatched > code.sh_size - relocation.r_offset) {
    return refuse("a relocation outside its section");
  }
  if (symbol == 0 || symbol >= symbols_->sh_size / sizeof(Elf64_Sym)) {
    return refuse("a relocation to no symbol");
  }
  return {};
}

}  // namespace

Result<ObjectLayout> check_object(std::span<const std::byte> object, std::string_view target) {
  const Machine* machine = machine_of(target);
  if (!machine) return fail("target `" + std::string(target) + "` is not known");
  return Checker(object, *machine).run();
}

}  // namespace smic::contract
