/**
 * What the demo distributor trades in: families of electrical, industrial and catering goods, each with its variants.
 *
 * A fixed table, no randomness: the same SKU means the same thing under every seed. Costs run from the smallest to
 * the largest variant of a family. Kits name their components by SKU. Knows nothing of stock or demand.
 */
export interface CatalogueItem {
  readonly sku: string;
  readonly name: string;
  readonly family: string;
  /** List cost before the seed's jitter, in the distributor's currency. */
  readonly cost: number;
  /** Base units in a CASE. */
  readonly caseSize: number;
  /** Base units on a PALLET. */
  readonly palletSize: number;
  /** Has a shelf life: some of it may be expired. */
  readonly perishable: boolean;
  /** Sold in this many base units only. */
  readonly sellMultiple: number | null;
}

export interface CatalogueKit {
  readonly sku: string;
  readonly name: string;
  readonly components: readonly { readonly sku: string; readonly quantity: number }[];
}

export function catalogueItems(): readonly CatalogueItem[] {
  return families.flatMap(variantsOf);
}

export const catalogueKits: readonly CatalogueKit[] = [
  kit("KIT-BOARD-6", "Distribution board kit, 6 ways", { "MCB-B6": 2, "MCB-B16": 2, "RCBO-16": 1, "JBX-300": 1 }),
  kit("KIT-OFFICE-LIGHT", "Office lighting kit, 4 panels", { "LED-66-40": 4, "TWE-15": 1, "GLD-N20": 8 }),
  kit("KIT-PPE-L", "Site starter kit, size L", { "GLV-C5-L": 1, "VST-Y-L": 1, "HAT-WH": 1 }),
  kit("KIT-AIRLINE-8", "Air line kit, 8 mm", { "HOS-BU-8": 1, "FIT-S-8": 6, "FIT-T-8": 2, "FIT-L-8": 4 }),
  kit("KIT-KITCHEN", "Kitchen opening kit", { "KNF-CH20": 2, "KNF-PA": 2, "BRD-RD": 1, "BRD-GN": 1, "GNP-12-100": 4 }),
  kit("KIT-COFFEE", "Coffee counter kit, 12 oz", { "CUP-R-12": 500, "SAC-SUGAR": 1000 }),
];

interface Family {
  readonly code: string;
  /** `{0}` and `{1}` stand for the label of the first and the second axis. */
  readonly name: string;
  /** Each axis lists `code=label`, or one word that is both. */
  readonly axes: readonly string[];
  /** How the SKU is made of the family's code and the codes of the axes. */
  readonly sku?: string;
  readonly cost: readonly [number, number];
  readonly pack: readonly [caseSize: number, casesPerPallet: number];
  readonly perishable?: boolean;
  readonly sellMultiple?: number;
}

const families: readonly Family[] = [
  // ---- electrical
  {
    code: "MCB",
    name: "Miniature circuit breaker 1P {1} A, curve {0}",
    axes: ["B C", "6 10 16 20 32 40"],
    sku: "MCB-{0}{1}",
    cost: [2.4, 4.6],
    pack: [12, 80],
  },
  { code: "RCBO", name: "RCBO 1P+N {0} A, 30 mA, type A", axes: ["6 10 16 20 32 40"], cost: [18, 24], pack: [6, 60] },
  {
    code: "CNT",
    name: "Contactor 3P {0} A, coil {1}",
    axes: ["9 12 18 25 32 40", "24=24_V_DC 230=230_V_AC"],
    cost: [14, 52],
    pack: [4, 48],
  },
  {
    code: "GLD",
    name: "Cable gland {0} M{1}, IP68",
    axes: ["B=brass N=nylon", "12 16 20 25 32 40"],
    sku: "GLD-{0}{1}",
    cost: [0.35, 3.1],
    pack: [50, 60],
  },
  {
    code: "TWE",
    name: "Twin and earth cable {0} mm², 100 m drum",
    axes: ["10=1.0 15=1.5 25=2.5 40=4.0 60=6.0 100=10.0"],
    cost: [38, 290],
    pack: [2, 18],
  },
  {
    code: "LED",
    name: "LED panel {0} mm, {1} K",
    axes: ["66=600×600 123=1200×300 126=1200×600", "30=3000 40=4000 65=6500"],
    cost: [16, 41],
    pack: [6, 20],
  },
  {
    code: "LMP",
    name: "LED lamp {0}, {1} K",
    axes: ["GU10 E27 E14 B22", "27=2700 40=4000"],
    cost: [1.1, 2.2],
    pack: [20, 90],
  },
  {
    code: "SOC",
    name: "Switched socket {0}-gang, {1}",
    axes: ["1 2", "WH=white CR=chrome BR=brass"],
    cost: [2.1, 11],
    pack: [10, 60],
  },
  {
    code: "TRK",
    name: "Mini trunking {0} mm, 2 m",
    axes: ["1616=16×16 2516=25×16 4025=40×25 5050=50×50 10050=100×50"],
    cost: [1.4, 9.5],
    pack: [25, 16],
  },
  { code: "JBX", name: "Junction box IP66, {0} mm", axes: ["80 100 150 200 300"], cost: [2.6, 24], pack: [10, 30] },
  {
    code: "TIE",
    name: "Cable ties {0} mm {1}, bag of 100",
    axes: ["100 200 300 370 450", "BK=black NA=natural"],
    cost: [0.6, 4.2],
    pack: [50, 40],
  },
  {
    code: "FER",
    name: "Bootlace ferrules {0} mm², bag of 100",
    axes: ["05=0.5 07=0.75 10=1.0 15=1.5 25=2.5 40=4.0 60=6.0 160=16.0"],
    cost: [0.9, 5.4],
    pack: [50, 60],
  },
  // ---- industrial
  {
    code: "BRG",
    name: "Deep groove ball bearing 620{0}-{1}",
    axes: ["0 1 2 3 4 5 6 7 8", "2RS ZZ"],
    sku: "BRG-620{0}-{1}",
    cost: [1.6, 9.8],
    pack: [20, 60],
  },
  {
    code: "HXB",
    name: "Hex bolt {0}, {1}, box of 100",
    axes: ["M6x20 M6x30 M8x25 M8x40 M10x30 M10x50 M12x40 M12x60", "A2=stainless_A2 ZN=zinc_plated"],
    cost: [4.2, 46],
    pack: [8, 50],
  },
  {
    code: "NUT",
    name: "Hex nut M{0}, {1}, box of 200",
    axes: ["6 8 10 12 16", "A2=stainless_A2 ZN=zinc_plated"],
    cost: [3.8, 34],
    pack: [10, 50],
  },
  {
    code: "VBL",
    name: "Classical V-belt A{0}",
    axes: ["32 34 36 38 40 42 46 50"],
    sku: "VBL-A{0}",
    cost: [3.1, 5.6],
    pack: [10, 80],
  },
  {
    code: "HOS",
    name: "Polyurethane air hose {1} mm {0}, 25 m",
    axes: ["BU=blue BK=black", "4 6 8 10 12"],
    cost: [9, 39],
    pack: [4, 40],
  },
  {
    code: "FIT",
    name: "Push-in fitting {0}, {1} mm",
    axes: ["S=straight L=elbow T=tee", "4 6 8 10 12"],
    cost: [0.7, 3.4],
    pack: [50, 60],
    sellMultiple: 10,
  },
  {
    code: "VLV",
    name: "Ball valve {1} in, {0}",
    axes: ["B=brass S=stainless", "14=1/4 38=3/8 12=1/2 34=3/4 1=1 114=1_1/4 2=2"],
    cost: [3.4, 58],
    pack: [10, 40],
  },
  {
    code: "GLV",
    name: "Work gloves {0}, {1}",
    axes: ["NI=nitrile LE=leather C5=cut_level_5", "S M L XL"],
    cost: [1.2, 6.9],
    pack: [60, 24],
    sellMultiple: 5,
  },
  {
    code: "VST",
    name: "High-visibility vest {0}, {1}",
    axes: ["Y=yellow O=orange", "S M L XL XXL"],
    cost: [2.2, 3],
    pack: [50, 20],
  },
  {
    code: "HAT",
    name: "Safety helmet, {0}",
    axes: ["WH=white YE=yellow BU=blue RD=red"],
    cost: [5.4, 6],
    pack: [20, 12],
  },
  {
    code: "LUB",
    name: "{0}",
    axes: [
      "EP2=Grease_EP2_400_g PTFE=PTFE_spray_400_ml CHAIN=Chain_oil_5_l CUT=Cutting_fluid_5_l FOOD=Food-grade_grease_400_g PEN=Penetrating_oil_500_ml",
    ],
    cost: [3.6, 22],
    pack: [12, 60],
    perishable: true,
  },
  {
    code: "ADH",
    name: "{0}",
    axes: [
      "THREAD=Threadlocker_medium_50_ml INST=Instant_adhesive_20_g EPOXY=Epoxy_50_ml SIL=Silicone_sealant_310_ml PU=PU_sealant_600_ml CON=Contact_adhesive_1_l",
    ],
    cost: [2.9, 14],
    pack: [12, 90],
    perishable: true,
  },
  {
    code: "DSC",
    name: "Cutting disc {0} mm, {1}",
    axes: ["115 125 180 230", "MT=metal IX=stainless ST=stone"],
    cost: [0.8, 3.9],
    pack: [25, 120],
  },
  {
    code: "DRL",
    name: "HSS drill bit {0} mm",
    axes: ["10=1.0 20=2.0 30=3.0 40=4.0 50=5.0 60=6.0 80=8.0 100=10.0 120=12.0 130=13.0"],
    cost: [0.5, 8.8],
    pack: [10, 200],
  },
  // ---- catering
  {
    code: "GNP",
    name: "Gastronorm pan {0}, {1} mm",
    axes: ["16=1/6 14=1/4 13=1/3 12=1/2 11=1/1", "65 100 150"],
    cost: [3.2, 17],
    pack: [12, 24],
  },
  {
    code: "KNF",
    name: "{0}",
    axes: [
      "PA=Paring_knife_8_cm BO=Boning_knife_15_cm FI=Filleting_knife_18_cm SA=Santoku_18_cm BR=Bread_knife_25_cm CH20=Chef's_knife_20_cm CH25=Chef's_knife_25_cm CL=Cleaver_20_cm",
    ],
    cost: [4.1, 26],
    pack: [6, 80],
  },
  {
    code: "BRD",
    name: "Chopping board 45×30 cm, {0}",
    axes: ["RD=red BU=blue GN=green YE=yellow BN=brown WH=white"],
    cost: [6.2, 6.8],
    pack: [10, 24],
  },
  {
    code: "CUP",
    name: "Paper cup {0} wall, {1} oz",
    axes: ["S=single R=ripple", "8 12 16"],
    cost: [0.04, 0.09],
    pack: [500, 24],
    sellMultiple: 50,
  },
  {
    code: "DET",
    name: "{0}, 5 l",
    axes: [
      "DISH=Dishwasher_detergent RINSE=Rinse_aid SANI=Surface_sanitiser DEGR=Oven_degreaser HAND=Hand_soap FLOOR=Floor_cleaner",
    ],
    cost: [6.5, 21],
    pack: [4, 36],
    perishable: true,
  },
  {
    code: "SAC",
    name: "{0} sachet",
    axes: ["SUGAR=Sugar SALT=Salt PEPPER=Pepper KETCHUP=Ketchup MAYO=Mayonnaise MUSTARD=Mustard"],
    cost: [0.01, 0.06],
    pack: [1000, 48],
    perishable: true,
    sellMultiple: 100,
  },
  {
    code: "PLT",
    name: "Plate {1} cm, {0}",
    axes: ["WH=white_porcelain SL=slate", "17 21 25 27 30"],
    cost: [2.1, 8.4],
    pack: [12, 40],
  },
  {
    code: "GLS",
    name: "{0}",
    axes: [
      "TUM=Tumbler_29_cl HIB=Highball_36_cl WIN=Wine_glass_35_cl PIN=Beer_glass_57_cl FLU=Flute_20_cl ESP=Espresso_glass_9_cl",
    ],
    cost: [0.9, 2.6],
    pack: [24, 40],
  },
  {
    code: "TWL",
    name: "{0}",
    axes: ["CF=Centrefeed_roll_blue HT=Hand_towels_C-fold TP=Toilet_tissue_36_rolls NP=Napkins_33_cm_2000"],
    cost: [9, 19],
    pack: [4, 12],
  },
];

function variantsOf(family: Family): readonly CatalogueItem[] {
  const [first = [], second = [{ code: "", label: "" }]] = family.axes.map(parseAxis);
  const pairs = first.flatMap((a) => second.map((b) => [a, b] as const));
  const pattern = family.sku ?? `${family.code}-{0}${family.axes.length > 1 ? "-{1}" : ""}`;
  const [from, to] = family.cost;
  const [caseSize, casesPerPallet] = family.pack;
  return pairs.map(([a, b], index) => ({
    sku: pattern.replace("{0}", a.code).replace("{1}", b.code),
    name: family.name.replace("{0}", a.label).replace("{1}", b.label),
    family: family.code,
    cost: from + ((to - from) * index) / Math.max(1, pairs.length - 1),
    caseSize,
    palletSize: caseSize * casesPerPallet,
    perishable: family.perishable ?? false,
    sellMultiple: family.sellMultiple ?? null,
  }));
}

function parseAxis(axis: string): readonly { code: string; label: string }[] {
  return axis.split(" ").map((value) => {
    const [code = value, label = code] = value.split("=");
    return { code, label: label.replaceAll("_", " ") };
  });
}

function kit(sku: string, name: string, components: Readonly<Record<string, number>>): CatalogueKit {
  return { sku, name, components: Object.entries(components).map(([part, quantity]) => ({ sku: part, quantity })) };
}
