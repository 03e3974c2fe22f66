"""Given names, family names and nicknames of thirteen cultures, as pools that Arrow can pick from.

A name is written `native/latin` where the culture writes in another script; without a slash the Latin form is the name
without accents. `_` stands for a blank inside one name. All people are invented: combinations are drawn at random.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True)
class Culture:
    """One culture: how common it is, where its people live, its names and how daughters' family names differ."""

    share: float
    countries: tuple[tuple[str, float], ...]
    female: str
    male: str
    family: str
    feminine: tuple[tuple[str, str], ...] = ()
    family_first: bool = False


CULTURES: dict[str, Culture] = {
    "english": Culture(
        0.34,
        (("US", 0.55), ("GB", 0.45)),
        "Mary Patricia Jennifer Elizabeth Barbara Susan Margaret Sarah Karen Nancy Katherine Emily Victoria "
        "Charlotte Alice Grace "
        "Hannah Rebecca Abigail Samantha Deborah Christine Eleanor Frances Josephine Lucy Molly Rosemary "
        "Theresa Amanda Dorothy "
        "Pamela Judith Beverly Holly Imogen Georgina Harriet Penelope Cassandra",
        "Robert William James John Michael Thomas Richard Charles Edward Daniel Matthew Anthony Andrew Joseph "
        "Christopher "
        "Benjamin Samuel Nicholas Alexander Timothy Gregory Lawrence Frederick Henry Albert Walter Stephen "
        "Patrick Jonathan "
        "Philip Kenneth Douglas Raymond Leonard Gerald Vincent Stuart Nigel Graham Clive",
        "Smith Jones Taylor Brown Wilson Evans Thomas Johnson Roberts Walker Wright Robinson Thompson White "
        "Hughes Edwards "
        "Green Hall Wood Harris Lewis Martin Clarke Cooper Ward Turner Carter Parker Bennett Cook Bailey Shaw "
        "Marsh Pemberton "
        "Ashdown Winterbourne Oakes Holloway Thackeray Fairweather Lockhart Merriweather Underhill Blackwood "
        "Castle Draper "
        "Eastman Fielding Garner Hawthorne Ingram Jessop Kettering Langford Mortimer Norwood Osgood Pickering "
        "Quayle Ridley "
        "O'Brien O'Connor McKenzie MacLeod Fitzgerald Smith-Carter Lloyd-Evans",
    ),
    "german": Culture(
        0.14,
        (("DE", 0.96), ("US", 0.04)),
        "Anna Ursula Monika Petra Sabine Renate Brigitte Claudia Stefanie Katharina Johanna Elisabeth "
        "Jürgen-Maria Käthe Bärbel "
        "Heike Gisela Ingrid Franziska Lena Marlene Theresa Ulrike Sieglinde Friederike Annegret",
        "Hans Peter Wolfgang Klaus Jürgen Günter Johannes Stefan Andreas Matthias Sebastian Maximilian "
        "Friedrich Heinrich Jörg "
        "Björn Lukas Tobias Florian Dietmar Manfred Ulrich Rüdiger Karl-Heinz Bernhard Götz",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter "
        "Klein Wolf Schröder "
        "Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Köhler Weiß Groß Jäger Böhm Vogt Möller"
        " Brückner Reißmann "
        "Kleinhans Osterkamp Wiesengrund Thalbach Morgenroth Steinbrecher von_der_Heide",
    ),
    "french": Culture(
        0.1,
        (("FR", 0.97), ("US", 0.03)),
        "Marie Nathalie Isabelle Sylvie Catherine Hélène Françoise Céline Aurélie Émilie Chloé Camille Léa "
        "Manon Geneviève Élodie "
        "Mathilde Solène Anaïs Margaux",
        "Jean Pierre Michel André Philippe Alain François Jérôme Sébastien Étienne Frédéric Guillaume Thibault "
        "Jean-Luc Benoît "
        "Grégoire Loïc Théo Rémi Gaël",
        "Martin Bernard Dubois Durand Leroy Moreau Lefèvre Lefebvre Fournier Girard Bonnet Dupont Lambert "
        "Fontaine Rousseau Vincent "
        "Faure Mercier Blanc Guérin Boyer Garnier Chevalier Clément Gauthier Perrin Morvan Delacourt Beaufils "
        "d'Aubigny",
    ),
    "spanish": Culture(
        0.09,
        (("US", 0.85), ("FR", 0.15)),
        "María Carmen Josefa Dolores Isabel Pilar Teresa Lucía Sofía Elena Cristina Rosario Guadalupe Ximena "
        "Valentina Inés",
        "José Francisco Antonio Manuel Juan Miguel Ángel Jesús Rafael Ignacio Fernando Alejandro Eduardo Ramón "
        "Joaquín Andrés",
        "García_López Rodríguez González_Pérez Fernández López_Martín Martínez Sánchez_Gil Pérez Gómez Ruiz "
        "Hernández_Díaz Jiménez "
        "Díaz Moreno Muñoz Álvarez Romero Gutiérrez Navarro Castaño Ibáñez Peña_Vidal Quintanilla Zaragoza",
    ),
    "polish": Culture(
        0.09,
        (("PL", 0.8), ("GB", 0.2)),
        "Anna Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Zofia Joanna Magdalena Wanda Łucja Bożena",
        "Jan Andrzej Piotr Krzysztof Stanisław Tomasz Paweł Józef Marcin Marek Michał Łukasz Wojciech Zbigniew",
        "Kowalski Nowak Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak Dąbrowski "
        "Kozłowski "
        "Jankowski Mazur Krawczyk Piotrowski Grabowski Pawłowski Zając Wróbel Jabłoński Żurawski",
        (("ski", "ska"), ("cki", "cka")),
    ),
    "turkish": Culture(
        0.05,
        (("DE", 0.85), ("FR", 0.15)),
        "Ayşe Fatma Emine Zeynep Elif Hülya Gülşen Şule Çiğdem Nurcan Meryem Özlem",
        "Mehmet Mustafa Ahmet Hüseyin İbrahim Osman Yusuf Murat Ömer Çağlar Kemal Tuğrul",
        "Yılmaz Kaya Demir Çelik Şahin Yıldız Yıldırım Öztürk Aydın Özdemir Arslan Doğan Kılıç Çetin Koç Güneş Bozkurt",
    ),
    "vietnamese": Culture(
        0.03,
        (("US", 0.6), ("FR", 0.4)),
        "Thị_Lan Thị_Hoa Thị_Mai Ngọc_Anh Thu_Hà Thùy_Linh Minh_Châu Bích_Ngọc",
        "Văn_Hùng Minh_Tuấn Quang_Huy Đức_Anh Hữu_Phước Văn_Nam Thanh_Sơn Quốc_Bảo",
        "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương",
        family_first=True,
    ),
    "chinese": Culture(
        0.04,
        (("US", 0.6), ("GB", 0.4)),
        "芳/Fang 秀英/Xiuying 丽/Li 静/Jing 敏/Min 艳/Yan 娟/Juan 雪梅/Xuemei 婷婷/Tingting 美玲/Meiling",
        "伟/Wei 强/Qiang 磊/Lei 军/Jun 洋/Yang 勇/Yong 杰/Jie 志强/Zhiqiang 建国/Jianguo 国栋/Guodong",
        "王/Wang 李/Li 张/Zhang 刘/Liu 陈/Chen 杨/Yang 赵/Zhao 黄/Huang 周/Zhou 吴/Wu 徐/Xu 孙/Sun 欧阳/Ouyang",
        family_first=True,
    ),
    "arabic": Culture(
        0.03,
        (("FR", 0.6), ("DE", 0.4)),
        "فاطمة/Fatima عائشة/Aisha مريم/Maryam ليلى/Layla نور/Nour سلمى/Salma هدى/Huda زينب/Zaynab",
        "محمد/Mohammed أحمد/Ahmad علي/Ali عمر/Omar يوسف/Youssef خالد/Khalid حسن/Hassan طارق/Tariq",
        "الحسن/Al-Hassan الخطيب/Al-Khatib منصور/Mansour حداد/Haddad العلي/El-Ali ناصر/Nasser صالح/Saleh "
        "بن_سعيد/Ben_Said "
        "قاسم/Qasim درويش/Darwish",
    ),
    "russian": Culture(
        0.03,
        (("DE", 0.8), ("US", 0.2)),
        "Елена/Elena Ольга/Olga Наталья/Natalia Татьяна/Tatiana Ирина/Irina Светлана/Svetlana Мария/Maria "
        "Екатерина/Ekaterina",
        "Александр/Aleksandr Сергей/Sergey Дмитрий/Dmitry Андрей/Andrey Иван/Ivan Михаил/Mikhail "
        "Николай/Nikolai Евгений/Evgeny",
        "Иванов/Ivanov Смирнов/Smirnov Кузнецов/Kuznetsov Попов/Popov Васильев/Vasiliev Петров/Petrov Соколов/Sokolov "
        "Новиков/Novikov Фёдоров/Fyodorov Волков/Volkov Лебедев/Lebedev Козлов/Kozlov Никитин/Nikitin",
        (("ов", "ова"), ("ев", "ева"), ("ёв", "ёва"), ("ин", "ина"), ("ov", "ova"), ("ev", "eva"), ("in", "ina")),
    ),
    "greek": Culture(
        0.02,
        (("DE", 0.6), ("GB", 0.4)),
        "Μαρία/Maria Ελένη/Eleni Κατερίνα/Katerina Βασιλική/Vasiliki Σοφία/Sofia Αγγελική/Angeliki",
        "Γιώργος/Giorgos Δημήτρης/Dimitris Κώστας/Kostas Νίκος/Nikos Χρήστος/Christos Βασίλης/Vasilis",
        "Παπαδόπουλος/Papadopoulos Γεωργίου/Georgiou Οικονόμου/Economou Αντωνίου/Antoniou Νικολαΐδης/Nikolaidis "
        "Βασιλειάδης/Vasileiadis Καραγιάννης/Karagiannis Μακρής/Makris",
        (("ος", "ου"), ("ης", "η"), ("ής", "ή"), ("os", "ou"), ("is", "i")),
    ),
    "indian": Culture(
        0.03,
        (("GB", 0.6), ("US", 0.4)),
        "Priya Anjali Kavita Lakshmi Deepa Sunita Meera Nandini Radhika Shreya",
        "Rajesh Amit Sanjay Vijay Arjun Venkatesh Suresh Harpreet Anand Karthik",
        "Patel Sharma Singh Gupta Reddy Iyer Nair Mehta Chatterjee Banerjee Krishnamurthy Desai Kaur Joshi",
    ),
    "indonesian": Culture(
        0.01,
        (("US", 0.5), ("GB", 0.5)),
        "Suryani Wulandari Sulastri Kartini Ningsih Purwanti",
        "Sukarto Budiono Suharno Slamet Wiranto Mulyadi",
        "",
    ),
}

NICKNAMES: dict[str, str] = dict(
    pair.split(":")
    for pair in [
        "Robert:Bob",
        "William:Bill",
        "James:Jim",
        "John:Jack",
        "Michael:Mike",
        "Thomas:Tom",
        "Richard:Dick",
        "Charles:Charlie",
        "Edward:Ted",
        "Daniel:Dan",
        "Matthew:Matt",
        "Anthony:Tony",
        "Andrew:Andy",
        "Joseph:Joe",
        "Christopher:Chris",
        "Benjamin:Ben",
        "Samuel:Sam",
        "Nicholas:Nick",
        "Alexander:Alex",
        "Timothy:Tim",
        "Gregory:Greg",
        "Lawrence:Larry",
        "Frederick:Fred",
        "Henry:Harry",
        "Albert:Bert",
        "Stephen:Steve",
        "Jonathan:Jon",
        "Philip:Phil",
        "Kenneth:Ken",
        "Raymond:Ray",
        "Leonard:Len",
        "Patricia:Pat",
        "Jennifer:Jenny",
        "Elizabeth:Liz",
        "Barbara:Barb",
        "Susan:Sue",
        "Margaret:Peggy",
        "Katherine:Kate",
        "Victoria:Vicky",
        "Rebecca:Becky",
        "Abigail:Abby",
        "Samantha:Sam",
        "Deborah:Debbie",
        "Christine:Chris",
        "Eleanor:Nell",
        "Josephine:Jo",
        "Theresa:Terry",
        "Amanda:Mandy",
        "Dorothy:Dot",
        "Katharina:Kathi",
        "Johanna:Hanna",
        "Johannes:Hans",
        "Maximilian:Max",
        "Sebastian:Basti",
        "Franziska:Franzi",
        "José:Pepe",
        "Francisco:Paco",
        "Dolores:Lola",
        "Ignacio:Nacho",
        "Małgorzata:Gosia",
        "Katarzyna:Kasia",
        "Krzysztof:Krzysiek",
        "Stanisław:Staszek",
        "Aleksandr:Sasha",
        "Dmitry:Dima",
        "Ekaterina:Katya",
        "Tatiana:Tanya",
        "Mohammed:Mo",
    ]
)

# Letters that lose their accent but not by decomposition.
_PLAIN = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ı": "i", "đ": "d", "Đ": "D", "ø": "o"})


def plain(name: str) -> str:
    """The name in bare Latin letters: `Müller` → `Muller`, `Łucja` → `Lucja`."""
    decomposed = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _read(words: str) -> list[tuple[str, str]]:
    names = []
    for word in words.replace("_", "\u00a0").split(" "):
        if word:
            native, _, latin = word.replace("\u00a0", " ").partition("/")
            names.append((native, latin or plain(native)))
    return names


def _daughter(name: str, endings: tuple[tuple[str, str], ...]) -> str:
    for ending, replacement in endings:
        if name.endswith(ending):
            return name[: -len(ending)] + replacement
    return name


@dataclass(frozen=True)
class Pool:
    """Names of every culture end to end; `first` and `size` say where a culture's names lie."""

    native: pa.Array
    latin: pa.Array
    nickname: pa.Array
    first: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]

    def draw(self, group: npt.NDArray[np.int64], chance: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Positions in the pool for one draw per row; common names come first in a list and are drawn more often."""
        return self.first[group] + np.minimum((chance**1.5 * self.size[group]).astype(np.int64), self.size[group] - 1)


def _pool(groups: list[list[tuple[str, str]]]) -> Pool:
    flat = [name for group in groups for name in group]
    sizes = np.array([len(group) for group in groups], dtype=np.int64)
    return Pool(
        native=pa.array([native or None for native, _ in flat], pa.string()),
        latin=pa.array([latin or None for _, latin in flat], pa.string()),
        nickname=pa.array([NICKNAMES.get(native, NICKNAMES.get(latin)) for native, latin in flat], pa.string()),
        first=np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        size=sizes,
    )


@cache
def given_names() -> Pool:
    """Given names; group number = 2 × culture + (1 for men, 0 for women)."""
    return _pool([_read(words) for culture in CULTURES.values() for words in (culture.female, culture.male)])


@cache
def family_names() -> Pool:
    """Family names; group number as for given names. A culture without family names has one empty name."""
    groups = []
    for culture in CULTURES.values():
        sons = _read(culture.family) or [("", "")]
        groups += [[(_daughter(n, culture.feminine), _daughter(l_, culture.feminine)) for n, l_ in sons], sons]
    return _pool(groups)
