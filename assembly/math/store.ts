import { ALL_CONSTANTS } from '../dispatch.gen';
import {
  ARTANH,
  COS,
  COTH,
  DENSITY,
  ERF,
  ERF_TAIL,
  EXP,
  EXP_LIMIT,
  EXP_MAX,
  EXP_MIN,
  EXP_ROUND,
  EXP2,
  EXPM1,
  EXPM1_MIN,
  GELU_MAX,
  GELU_MIN,
  HALF,
  HALF_LN2,
  HALF_PI,
  INFINITY,
  INTEGER_BIAS,
  INTEGER_BITS,
  LN2_HIGH,
  LN2_LOW,
  LOG,
  LOG_OFFSET,
  LOG2E,
  MANTISSA,
  MIN_NORMAL,
  MINUS_LOG2E,
  MOMENT_MIN,
  NEGATIVE_MIN,
  NORMALISE,
  NORMALISE_BITS,
  ONE,
  PHILOX,
  RATIO,
  ROUND,
  SCALE_ROUND,
  SIGMOID_MAX,
  SIGMOID_MIN,
  SIGN,
  SIN,
  SQRT_HALF,
  SQRT2_INVERSE,
  TAIL_SHIFT,
  TANH_LIMIT,
  TANH_MAX,
  TANH_MIN,
  Table,
  TINY,
  TRIG_MAX,
  TWO,
  TWO_LOG2E,
  TWO_OVER_PI,
  TWO_OVER_PI_BITS,
  UPPER_HALF,
  WINOGRAD,
} from './table';

/**
 * Writes the constants of the elementary functions to memory, once per memory. Neighbours stand in ascending order: of
 * two neighbours in descending order V8's re-vectoriser (13.6) makes a mess.
 */
export function storeConstants(): void {
  if (ALL_CONSTANTS || sizeof<real>() == 4) {
    storeCommon<f32>();
    storeLimits32();
    storeCoefficients32();
    storeSeries<f32>();
  }
  if (ALL_CONSTANTS || sizeof<real>() == 8) {
    storeCommon<f64>();
    storeLimits64();
    storeCoefficients64();
    storeSeries<f64>();
  }
  if (ALL_CONSTANTS) {
    storeTwoOverPi();
    storePhilox();
  }
  storeWinograd();
}

function storeCommon<T>(): void {
  Table.set<T>(LOG2E, 1.4426950408889634);
  Table.set<T>(ONE, 1);
  Table.set<T>(TWO, 2);
  Table.set<T>(HALF, 0.5);
  Table.set<T>(SIGN, -0.0);
  Table.set<T>(INFINITY, Infinity);
  Table.set<T>(EXPM1_MIN, -64);
  Table.set<T>(MINUS_LOG2E, -1.4426950408889634);
  Table.set<T>(TWO_LOG2E, 2.8853900817779268);
  Table.set<T>(HALF_LN2, -0.34657359027997264);
  Table.set<T>(SQRT2_INVERSE, 0.7071067811865476);
  Table.set<T>(TWO_OVER_PI, 0.6366197723675814);
  Table.set<T>(TRIG_MAX, 1e6);
  Table.set<T>(DENSITY, 0.3989422804014327);
  Table.set<T>(GELU_MAX, 100);
  Table.set<T>(GELU_MIN, -100);
  Table.set<T>(MOMENT_MIN, 1e-30);
}

/** a, b, a², b², a²b², a² + b², a³, b³ and 1/Π(p − q) of the points 0, a, b for a = 3/4, b = 3/2: exact but the last. */
function storeWinograd(): void {
  Table.set4<real>(WINOGRAD, 0.75, 1.5, 0.5625, 2.25);
  Table.set4<real>(WINOGRAD + 4, 1.265625, 2.8125, 0.421875, 3.375);
  Table.set4<real>(WINOGRAD + 8, 1 / 1.265625, -1 / 1.8984375, 1 / 7.59375, 0);
}

function storePhilox(): void {
  Table.setBits<f32>(PHILOX, 0xd2511f53);
  Table.setBits<f32>(PHILOX + 1, 0xcd9e8d57);
  Table.setBits<f32>(PHILOX + 2, 0x9e3779b9);
  Table.setBits<f32>(PHILOX + 3, 0xbb67ae85);
}

function storeLimits32(): void {
  Table.set<f32>(EXP_ROUND, 12582912 + 126);
  Table.set<f32>(LN2_HIGH, -0.693115234375);
  Table.set<f32>(LN2_LOW, -3.1946183e-5);
  Table.set<f32>(EXP_MAX, 89);
  Table.set<f32>(EXP_MIN, -87.4);
  Table.set<f32>(SIGMOID_MIN, -89);
  Table.set<f32>(SIGMOID_MAX, 87.4);
  Table.set<f32>(EXP_LIMIT, 87);
  Table.set<f32>(TANH_LIMIT, 43);
  Table.set<f32>(TANH_MAX, 9.1);
  Table.set<f32>(TANH_MIN, -9.1);
  Table.set<f32>(SCALE_ROUND, 12582912 + 127);
  Table.set<f32>(ROUND, 12582912);
  Table.set<f32>(NEGATIVE_MIN, -88);
  Table.set<f32>(TINY, 1e-9);
  Table.set<f32>(MIN_NORMAL, 1.1754943508222875e-38);
  Table.set<f32>(NORMALISE, 16777216);
  Table.set<f32>(NORMALISE_BITS, 24);
  Table.setBits<f32>(LOG_OFFSET, 0x004afb0d);
  Table.setBits<f32>(MANTISSA, 0x007fffff);
  Table.setBits<f32>(SQRT_HALF, 0x3f3504f3);
  Table.set<f32>(INTEGER_BITS, 8388608);
  Table.set<f32>(INTEGER_BIAS, 8388608 + 127);
  Table.set<f32>(TAIL_SHIFT, 2);
}

function storeLimits64(): void {
  Table.set<f64>(EXP_ROUND, 6755399441055744 + 1022);
  Table.set<f64>(LN2_HIGH, -0.6931471803691238);
  Table.set<f64>(LN2_LOW, -1.9082149292705877e-10);
  Table.set<f64>(EXP_MAX, 709.9);
  Table.set<f64>(EXP_MIN, -708.5);
  Table.set<f64>(SIGMOID_MIN, -709.9);
  Table.set<f64>(SIGMOID_MAX, 708.5);
  Table.set<f64>(EXP_LIMIT, 708);
  Table.set<f64>(TANH_LIMIT, 350);
  Table.set<f64>(TANH_MAX, 20);
  Table.set<f64>(TANH_MIN, -20);
  Table.set<f64>(SCALE_ROUND, 6755399441055744 + 1023);
  Table.set<f64>(NEGATIVE_MIN, -709.1);
  Table.set<f64>(TINY, 1e-18);
  Table.set<f64>(MIN_NORMAL, 2.2250738585072014e-308);
  Table.set<f64>(NORMALISE, 18014398509481984);
  Table.set<f64>(NORMALISE_BITS, 54);
  Table.setBits<f64>(LOG_OFFSET, 0x00095f619980c433);
  Table.setBits<f64>(MANTISSA, 0x000fffffffffffff);
  Table.setBits<f64>(SQRT_HALF, 0x3fe6a09e667f3bcd);
  Table.set<f64>(INTEGER_BITS, 4503599627370496);
  Table.set<f64>(INTEGER_BIAS, 4503599627370496 + 1023);
  Table.set4<f64>(
    HALF_PI,
    1.5707963267341256,
    6.077100506303966e-11,
    2.0222662487111665e-21,
    8.4784276603689e-32,
  );
  Table.set<f64>(ROUND, 6755399441055744);
  Table.set<f64>(TAIL_SHIFT, 3);
  Table.setBits<f64>(UPPER_HALF, 0xfffffffff8000000);
}

/** Minimax coefficients (Remez exchange), lowest degree first. */
function storeCoefficients32(): void {
  Table.set4<f32>(EXPM1, 1, 0.33333078, 0.083333224, 0.0167342);
  Table.set<f32>(EXPM1 + 4, 0.002783525);
  Table.set4<f32>(EXP, 1, 0.9999997, 0.499991475, 0.166676385);
  Table.set<f32>(EXP + 4, 0.04189816);
  Table.set<f32>(EXP + 5, 0.008290272);
  Table.set4<f32>(EXP2, 1, 0.69314698, 0.24022242, 0.055507337);
  Table.set<f32>(EXP2 + 4, 0.0096715126);
  Table.set<f32>(EXP2 + 5, 0.0013264727);
  Table.set<f32>(COTH, 0.3333330954078745574);
  Table.set<f32>(COTH + 1, -0.02215882414016972368);
  Table.set4<f32>(ARTANH, 2, 0.666666806, 0.399986893, 0.286207259);
  Table.set<f32>(ARTANH + 4, 0.213932097);
  Table.set<f32>(ARTANH + 5, 0.24413234);
  Table.set4<f32>(LOG, 0.6666666, 0.40000972, 0.28498793, 0.24278814);
  Table.set4<f32>(SIN, -0.16666655, 0.008332191, -0.00019518599, 0);
  Table.set4<f32>(COS, 0.041666646, -0.0013887301, 2.443067e-5, 0);
  Table.set4<f32>(ERF, 0.12837917, -0.37612626, 0.11283579, -0.026853347);
  Table.set4<f32>(ERF + 4, 0.005187162, -0.0007997853, 7.806904e-5, 0);
  Table.set4<f32>(ERF_TAIL, 0.56419826, 1.1281012, 1.9766419, 2.852381);
  Table.set4<f32>(ERF_TAIL + 4, 1.9928461, 5.1588984, -28.776056, 23.81289);
}

function storeCoefficients64(): void {
  Table.set4<f64>(
    EXPM1,
    1.000000000000001,
    0.3333333333333337,
    0.08333333333314724,
    0.016666666666629203,
  );
  Table.set4<f64>(
    EXPM1 + 4,
    0.002777777786475997,
    0.0003968253980601114,
    4.960300888941989e-5,
    5.511445595634284e-6,
  );
  Table.set4<f64>(EXPM1 + 8, 5.525265393748209e-7, 5.022892980821003e-8, 0, 0);
  Table.set4<f64>(
    COTH,
    0.3333333333333332308,
    -0.0222222222220515211,
    0.002116402070919304841,
    -0.0002116359684331066345,
  );
  Table.set<f64>(COTH + 4, 2.121608335566043767e-5);
  Table.set4<f64>(
    LOG,
    0.6666666666666666,
    0.4000000000000625,
    0.28571428569085955,
    0.22222222646784756,
  );
  Table.set4<f64>(
    LOG + 4,
    0.18181775666575045,
    0.153870907069829,
    0.13250119350093573,
    0.13251317439210034,
  );
  Table.set4<f64>(
    SIN,
    -0.16666666666666632,
    0.00833333333332237,
    -0.00019841269829771273,
    2.7557313678696586e-6,
  );
  Table.set4<f64>(SIN + 4, -2.5050755965928118e-8, 1.5896666763458305e-10, 0, 0);
  Table.set4<f64>(
    COS,
    0.0416666666666666,
    -0.0013888888888874064,
    2.4801587289443583e-5,
    -2.755731434068911e-7,
  );
  Table.set4<f64>(COS + 4, 2.087572162780541e-9, -1.135955954462471e-11, 0, 0);
  Table.set4<f64>(
    ERF,
    0.12837916709551256,
    -0.3761263890318352,
    0.11283791670944185,
    -0.026866170643111465,
  );
  Table.set4<f64>(
    ERF + 4,
    0.00522397760611844,
    -0.0008548325929313305,
    0.00012055293576889376,
    -1.4924712302285218e-5,
  );
  Table.set4<f64>(
    ERF + 8,
    1.644713158008276e-6,
    -1.6206313859999103e-7,
    1.3710980952796773e-8,
    -7.779469688196642e-10,
  );
  Table.set4<f64>(
    ERF_TAIL,
    0.5641895833318336,
    1.6925687923319068,
    4.795607795190775,
    12.694460487036698,
  );
  Table.set4<f64>(
    ERF_TAIL + 4,
    30.882360844989446,
    67.46143153117897,
    121.10683469393936,
    223.5198506386225,
  );
  Table.set4<f64>(
    ERF_TAIL + 8,
    -502.4524701806394,
    4641.990017711118,
    -36011.01410379202,
    173293.1384247464,
  );
  Table.set4<f64>(
    ERF_TAIL + 12,
    -671986.5026264355,
    1844984.3622832175,
    -3165915.4637304023,
    3046573.081346598,
  );
  Table.set<f64>(ERF_TAIL + 16, -1266492.9582791359);
}

/** Taylor's for artanh in f64. The f64 coefficients of e^r are those of e^r − 1. */
function storeSeries<T>(): void {
  if (sizeof<T>() == 8) {
    Table.set<T>(EXP, 1);
    Table.set<T>(EXP + 1, 1);
    for (let i = 0; i <= 16; i++) Table.set<T>(ARTANH + i, 2.0 / (2 * i + 1));
    for (let i = 0; i < 10; i++) Table.set<T>(EXP + 2 + i, 0.5 * Table.first<T>(EXPM1 + i));
  }
  for (let i = 0, power: f64 = 0.5; i < 5; i++, power *= 0.25)
    Table.set<T>(RATIO + i, power * Table.first<T>(COTH + i));
}

function storeTwoOverPi(): void {
  words(0, 0, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041);
  words(4, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e);
  words(8, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b);
  words(12, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d);
  words(16, 0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab);
}

function words(i: usize, a: u64, b: u64, c: u64, d: u64): void {
  store<u64>(TWO_OVER_PI_BITS + 8 * i, a);
  store<u64>(TWO_OVER_PI_BITS + 8 * i, b, 8);
  store<u64>(TWO_OVER_PI_BITS + 8 * i, c, 16);
  store<u64>(TWO_OVER_PI_BITS + 8 * i, d, 24);
}
