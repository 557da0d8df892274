/* Symmetric Beta distribution as the quotient of two draws from the Gamma distribution. */
#include "base/plain_exp.h"
#include "base/plain_log.h"
#include "base/random.h"

/* Logarithm of a draw from Gamma(shape, 1), shape >= 1, by Marsaglia and Tsang 2000. */
static double log_gamma(Random *random, double shape)
{
    double d = shape - 1.0 / 3, c = 1 / __builtin_sqrt(9 * d);
    for (;;) {
        double x = random_normal(random), u = random_uniform(random) + 0x1p-54, root = 1 + c * x;
        if (root <= 0) continue;
        double log_v = 3 * plain_log(root), v = root * root * root;
        if (plain_log(u) < x * x / 2 + d - d * v + d * log_v) return plain_log(d) + log_v;
    }
}

/* A draw of shape + 1 times u^(1/shape) has the shape; its logarithm does not underflow. */
static double log_gamma_of_any(Random *random, double shape)
{
    if (shape >= 1) return log_gamma(random, shape);
    double u = random_uniform(random) + 0x1p-54;
    return log_gamma(random, shape + 1) + plain_log(u) / shape;
}

double random_beta(Random *random, double alpha)
{
    double difference = log_gamma_of_any(random, alpha);
    difference = log_gamma_of_any(random, alpha) - difference;
    if (difference > 700) return 0;
    if (difference < -700) return 1;
    return 1 / (1 + plain_exp(difference));
}
