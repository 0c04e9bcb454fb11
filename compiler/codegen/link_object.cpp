// SPDX-License-Identifier: Apache-2.0
// A linker for exactly one kind of output: the object of an image. Inputs are the unit's code from
// LLVM, the kernel for the target if the unit's code calls it, and the unit's tables, which never
// pass through LLVM (a megabyte of them would cost it 3 ms).
//
//   .text       unit's code, then the kernel's
//   .rodata     tables at its start, then constants that code brought along
//   .rela.text  every relocation of the inputs, against a section or the tables
//   .symtab     smic_v1_match, smic_v1_split, smic_v1_tables; all else is local and nameless
//
// The inputs are our own, so anything unexpected in them is our bug; the output is held against
// contract::check_object() like every image that is loaded. No time, path or tool name gets in.
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>

#include <array>
#include <cstring>
#include <map>

#include "base/check.h"
#include "compiler/codegen/pipeline.h"

namespace smic::codegen {
namespace {

using namespace llvm::ELF;
using File = llvm::object::ELFFile<llvm::object::ELF64LE>;
using contract::Bytes;

constexpr std::size_t kAlignment = 64;

void align(Bytes& bytes, std::size_t alignment) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
}

void append(Bytes& bytes, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  bytes.insert(bytes.end(), first, first + size);
}

template <class T>
T expect(llvm::Expected<T> value) {
  if (!value) llvm::consumeError(value.takeError());
  SMIC_CHECK(value, "codegen made or embeds an object that cannot be read");
  return std::move(*value);
}

// Sections of the output, in order.
enum Index : std::uint16_t { kNull, kText, kRodata, kRela, kSymtab, kStrtab, kSections };
// Symbols: one for each of the two sections, then the exported ones.
enum Symbol : std::uint32_t { kTextStart = 1, kRodataStart, kMatch, kSplit, kTables, kSymbols };

struct Place {
  Index section = kNull;
  std::uint64_t offset = 0;
};

using Places = std::vector<Place>;  // where each section of an input went

class Linker {
 public:
  Linker(std::span<const std::uint8_t> tables, const Target& target) : target_(target) {
    append(rodata_, tables.data(), tables.size());
    tables_size_ = tables.size();
  }

  Bytes link(const std::string& code) {
    add(code, /*is_unit=*/true);
    if (needs_kernel_) {
      add({reinterpret_cast<const char*>(target_.kernel.data()), target_.kernel.size()},
          /*is_unit=*/false);
    }
    for (const auto& [relocation, name] : open_) relocate(relocation, named(name));
    return write();
  }

 private:
  void add(std::string_view bytes, bool is_unit) {
    const File file = expect(File::create(bytes));
    machine_ = file.getHeader().e_machine;
    const auto sections = expect(file.sections());
    Places places(sections.size());
    const File::Elf_Shdr* symtab = nullptr;
    for (std::size_t i = 0; i < sections.size(); ++i) {
      if (sections[i].sh_flags & SHF_ALLOC) places[i] = add_section(file, sections[i]);
      if (sections[i].sh_type == SHT_SYMTAB) symtab = &sections[i];
    }
    const auto symbols = expect(file.symbols(symtab));
    const llvm::StringRef names = expect(file.getStringTableForSymtab(*symtab));
    for (const auto& symbol : symbols) define(symbol, names, places, is_unit);
    for (const auto& section : sections) {
      if (section.sh_type != SHT_RELA) continue;
      SMIC_CHECK(places[section.sh_info].section == kText,
                 "an input of the image's object has relocated data");
      for (const auto& relocation : expect(file.relas(section))) {
        const auto& symbol = symbols[relocation.getSymbol(/*isMips64EL=*/false)];
        add_relocation(relocation, places[section.sh_info], symbol, names, places);
      }
    }
  }

  Place add_section(const File& file, const File::Elf_Shdr& section) {
    SMIC_CHECK((section.sh_flags & SHF_WRITE) == 0 && section.sh_type == SHT_PROGBITS,
               "an input of the image's object has more than code and constants");
    const Index index = section.sh_flags & SHF_EXECINSTR ? kText : kRodata;
    Bytes& bytes = index == kText ? text_ : rodata_;
    align(bytes, std::max<std::size_t>(section.sh_addralign, 1));
    const Place place{index, bytes.size()};
    const auto contents = expect(file.getSectionContents(section));
    append(bytes, contents.data(), contents.size());
    return place;
  }

  void define(const File::Elf_Sym& symbol, llvm::StringRef names, const Places& places,
              bool is_unit) {
    if (symbol.getBinding() == STB_LOCAL) return;
    const std::string name = expect(symbol.getName(names)).str();
    if (symbol.isUndefined()) {
      needs_kernel_ |= is_unit && name != "smic_v1_tables";
    } else {
      defined_[name] = {place_of(symbol, places), symbol.st_size};
    }
  }

  static Place place_of(const File::Elf_Sym& symbol, const Places& places) {
    Place place = places[symbol.st_shndx];
    place.offset += symbol.st_value;
    return place;
  }

  // A relocation of the output is against a section; of what is not defined yet, the name is kept.
  void add_relocation(const File::Elf_Rela& from, const Place& patched, const File::Elf_Sym& symbol,
                      llvm::StringRef names, const Places& places) {
    Elf64_Rela relocation{};
    relocation.r_offset = patched.offset + from.r_offset;
    relocation.setType(from.getType(/*isMips64EL=*/false));
    relocation.r_addend = from.r_addend;
    if (symbol.isUndefined()) {
      open_.emplace_back(relocation, expect(symbol.getName(names)).str());
    } else {
      relocate(relocation, place_of(symbol, places));
    }
  }

  void relocate(Elf64_Rela relocation, const Place& place) {
    const Symbol symbol = place.section == kText ? kTextStart : kRodataStart;
    relocation.setSymbol(symbol);
    relocation.r_addend += static_cast<std::int64_t>(place.offset);
    append(rela_, &relocation, sizeof relocation);
  }

  Place named(const std::string& name) {
    if (name == "smic_v1_tables") return {kRodata, 0};
    const auto found = defined_.find(name);
    SMIC_CHECK(found != defined_.end(), "the object of an image refers to something outside");
    return found->second.place;
  }

  // ---- output ----------------------------------------------------------------------------------

  std::uint32_t string(const char* text) {
    const std::size_t at = strings_.size();
    append(strings_, text, std::strlen(text) + 1);
    return static_cast<std::uint32_t>(at);
  }

  void export_function(const char* name) {
    const auto found = defined_.find(name);
    SMIC_CHECK(found != defined_.end(), "codegen did not make a function of the ABI");
    add_symbol(name, STB_GLOBAL, STT_FUNC, found->second.place, found->second.size);
  }
  void add_symbol(const char* name, unsigned binding, unsigned type, const Place& place,
                  std::uint64_t size) {
    Elf64_Sym symbol{};
    symbol.st_name = *name ? string(name) : 0;
    symbol.setBindingAndType(static_cast<unsigned char>(binding), static_cast<unsigned char>(type));
    symbol.st_shndx = place.section;
    symbol.st_value = place.offset;
    symbol.st_size = size;
    append(symbols_, &symbol, sizeof symbol);
  }

  void make_symbols() {
    symbols_.resize(sizeof(Elf64_Sym));
    add_symbol("", STB_LOCAL, STT_SECTION, {kText, 0}, 0);
    add_symbol("", STB_LOCAL, STT_SECTION, {kRodata, 0}, 0);
    export_function("smic_v1_match");
    export_function("smic_v1_split");
    add_symbol("smic_v1_tables", STB_GLOBAL, STT_OBJECT, {kRodata, 0}, tables_size_);
    SMIC_CHECK(symbols_.size() == kSymbols * sizeof(Elf64_Sym), "a symbol too many");
  }

  Bytes write() {
    strings_.assign(1, std::byte{0});
    make_symbols();
    std::array<Elf64_Shdr, kSections> sections{};
    Bytes out(sizeof(Elf64_Ehdr));
    const auto add = [&](Index index, const char* name, std::uint32_t type, std::uint64_t flags,
                         const Bytes& bytes, std::size_t alignment) {
      align(out, alignment);
      Elf64_Shdr& section = sections[index];
      if (*name) section.sh_name = string(name);
      section.sh_type = type;
      section.sh_flags = flags;
      section.sh_offset = out.size();
      section.sh_size = bytes.size();
      section.sh_addralign = alignment;
      append(out, bytes.data(), bytes.size());
    };
    const std::uint32_t strtab_name = string(".strtab");
    add(kText, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text_, kAlignment);
    add(kRodata, ".rodata", SHT_PROGBITS, SHF_ALLOC, rodata_, kAlignment);
    add(kRela, ".rela.text", SHT_RELA, SHF_INFO_LINK, rela_, 8);
    sections[kRela].sh_link = kSymtab;
    sections[kRela].sh_info = kText;
    sections[kRela].sh_entsize = sizeof(Elf64_Rela);
    add(kSymtab, ".symtab", SHT_SYMTAB, 0, symbols_, 8);
    sections[kSymtab].sh_link = kStrtab;
    sections[kSymtab].sh_info = kMatch;  // the first that is not local
    sections[kSymtab].sh_entsize = sizeof(Elf64_Sym);
    add(kStrtab, "", SHT_STRTAB, 0, strings_, 1);  // last: it has every name by now
    sections[kStrtab].sh_name = strtab_name;

    align(out, 8);
    const Elf64_Ehdr header = file_header(out.size());
    std::memcpy(out.data(), &header, sizeof header);
    append(out, sections.data(), sizeof sections);
    return out;
  }

  Elf64_Ehdr file_header(std::uint64_t section_table) const {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ElfMagic, std::strlen(ElfMagic));
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_REL;
    header.e_machine = machine_;
    header.e_version = EV_CURRENT;
    header.e_shoff = section_table;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = kSections;
    header.e_shstrndx = kStrtab;
    return header;
  }

  struct Definition {
    Place place;
    std::uint64_t size = 0;
  };

  const Target& target_;
  std::uint16_t machine_ = EM_NONE;
  std::size_t tables_size_ = 0;
  bool needs_kernel_ = false;
  std::map<std::string, Definition> defined_;
  std::vector<std::pair<Elf64_Rela, std::string>> open_;  // resolved when all inputs are in
  Bytes text_, rodata_, rela_, symbols_, strings_;
};

}  // namespace

Bytes link_object(const std::string& code, std::span<const std::uint8_t> tables,
                  const Target& target) {
  return Linker(tables, target).link(code);
}

}  // namespace smic::codegen
